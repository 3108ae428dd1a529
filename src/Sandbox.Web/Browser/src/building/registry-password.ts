import { api, type Problem } from "../page/api";
import { confirmed } from "../page/confirm";
import { toast } from "../page/toast";

interface Password {
  registry: string;
  inSandboxes: string;
  user: string;
  password: string;
}

/** Shows the lines that sign Docker in, with a password that is made for them, and revokes all of them. */
export function startPasswords(section: HTMLElement): void {
  const button = section.querySelector<HTMLButtonElement>("#push-password")!;
  const lines = section.querySelector<HTMLElement>("#push-login")!;
  button.addEventListener("click", () => void show().catch((fault: unknown) => toast((fault as Problem).message, "error")));

  section.querySelector("#push-revoke")!.addEventListener("click", () => void revoke().catch((fault: unknown) => toast((fault as Problem).message, "error")));

  async function revoke(): Promise<void> {
    if (await confirmed({ title: "Revoke all passwords?", text: "Docker, Podman and skopeo are signed out wherever they use one. Your images stay.", no: "Keep them", yes: "Revoke them" })) {
      await api("DELETE", "/api/v1/registry/passwords");
      lines.hidden = true;
      toast("All passwords are revoked");
    }
  }

  async function show(): Promise<void> {
    const made = await api<Password>("POST", "/api/v1/registry/passwords");
    const login = (registry: string): string => `echo ${made.password} | docker login -u ${made.user} --password-stdin ${registry}`;
    lines.querySelector("code")!.textContent = `${login(made.inSandboxes)}   # in a sandbox\n${login(made.registry)}   # on your own machine`;
    lines.hidden = false;
    lines.querySelector<HTMLElement>("pre")!.focus();
  }
}
