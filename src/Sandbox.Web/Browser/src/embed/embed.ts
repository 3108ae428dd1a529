// The script of pages elsewhere: <script type="module" src="https://this-server/embed.js"></script>. It has no dependency, and
// loads nothing until somebody starts something.
import { SandboxRun } from "./run";
import { SandboxTerminal, SandboxTutorial } from "./terminal";

// Twice on a page, it is once.
if (!customElements.get("sandbox-terminal")) {
  customElements.define("sandbox-terminal", SandboxTerminal);
  customElements.define("sandbox-run", SandboxRun);
  customElements.define("sandbox-tutorial", SandboxTutorial);
}
