import { api, type Problem } from "../page/api";
import { confirmed } from "../page/confirm";
import { toast } from "../page/toast";
import { RecordingSigns } from "../recording/signs";
import type { HubLink } from "../terminals/session/hub-link";
import { screenBytes } from "../terminals/view/screen-bytes";
import type { Tabs } from "./tabs";

/** A recording as REST gives it. */
export interface Recording {
  id: string;
  terminalId: string;
  name: string;
  state: "recording" | "finished" | "failed";
  reason?: string | null;
  urls: { page: string; api: string; cast: string };
}

/** Lets an owner record the terminal that keys go to; gives back what the menu's entry does. */
export function startRecording(link: HubLink, tabs: Tabs, status: HTMLElement, entry: HTMLElement): () => Promise<void> {
  const signs = new RecordingSigns(link, status, () => void askToStop());
  const label = (): void => {
    const active = tabs.activeTab?.id;
    entry.textContent = active !== undefined && signs.isRecorded(active) ? "Stop recording" : "Record this terminal";
  };
  signs.onChange = label;
  signs.onEnded = terminal => void ended(terminal);
  tabs.onTerminal(({ id, item, pane }) => {
    signs.add(id, item);
    pane.view.onDispose(() => signs.remove(id));
  });
  tabs.onActive(tab => signs.activate(tab?.id ?? null));
  label();

  const change = async (): Promise<void> => {
    const tab = tabs.activeTab;
    if (!tab) {
      return;
    }
    try {
      if (signs.isRecorded(tab.id)) {
        const running = await newest(tab.id);
        if (running?.state === "recording") {
          await api("POST", `${running.urls.api}/stop`);
        }
      } else {
        const { cols, rows } = tab.pane.view.terminal;
        await api("POST", `/api/v1/terminals/${tab.id}/recordings`, { cols, rows, screen: screenBytes(tab.pane.view.terminal) });
        toast("Recording. All viewers of this terminal see that. Input that is not echoed, such as passwords, is not recorded.");
      }
    } catch (error) {
      toast((error as Problem).message, "error");
    }
    tabs.active?.focus();
  };
  const askToStop = async (): Promise<void> => {
    const terminal = tabs.activeTab?.id;
    const yes = await confirmed({ title: "Stop recording?", text: "The recording so far is kept in your recordings.", no: "Keep recording", yes: "Stop recording" });
    // It may have ended by itself meanwhile, and then this would begin another one.
    if (yes && terminal !== undefined && terminal === tabs.activeTab?.id && signs.isRecorded(terminal)) {
      await change();
    } else {
      tabs.active?.focus();
    }
  };
  return change;
}

async function newest(terminal: string): Promise<Recording | undefined> {
  return (await api<Recording[]>("GET", "/api/v1/recordings")).find(recording => recording.terminalId === terminal);
}

async function ended(terminal: string): Promise<void> {
  const recording = await newest(terminal).catch(() => undefined);
  if (recording && recording.state !== "recording") {
    toast(endText(recording.reason), "info", { label: "Play", href: recording.urls.page });
  }
}

function endText(reason: string | null | undefined): string {
  switch (reason) {
    case "size": return "The recording reached its size limit.";
    case "time": return "The recording reached its time limit.";
    case "quota": return "The recording stopped: your recordings reached their total size limit.";
    case "disk": return "The recording stopped: the server has no space left.";
    case "exited": case "closed": return "The recording ended with its terminal.";
    case "fault": return "The recording failed.";
    default: return "Recording saved.";
  }
}
