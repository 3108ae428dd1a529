import { toast } from "../../page/toast";
import { actionsOf } from "./actions";
import type { Command } from "./command-log";
import type { TerminalCommands } from "./terminal-commands";

/** What shortcuts do with the commands of a terminal, by `data-act`. */
export function commandActs(current: () => TerminalCommands | null): Record<string, () => void> {
  const withChosen = (run: (commands: TerminalCommands, command: Command) => void): void => {
    const commands = current();
    const command = commands?.gutter.chosen;
    if (commands && command) {
      run(commands, command);
    } else {
      toast("No command has run in this terminal yet");
    }
  };
  return {
    "command-before": () => current()?.gutter.jump(-1),
    "command-after": () => current()?.gutter.jump(1),
    "command-menu": () => withChosen((commands, command) => commands.gutter.open(command)),
    "command-output": () => withChosen((commands, command) => actionsOf(command, commands)[0]!.run()),
  };
}
