import { api, type Problem } from "../api";
import { confirmed } from "../confirm";
import type { HubLink } from "../terminals/hub-link";
import { toast } from "../toast";
import type { Tabs } from "../workspace/tabs";
import { RecordingSigns } from "./signs";

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
  tabs.onTerminal(parts => {
    signs.add(parts.session.id, parts.item);
    parts.view.onDispose(() => signs.remove(parts.session.id));
  });
  tabs.onActive(parts => signs.activate(parts?.session.id ?? null));
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
        const { cols, rows } = tab.view.terminal;
        await api("POST", `/api/v1/terminals/${tab.id}/recordings`, { cols, rows });
        toast("Recording. Everybody who views this terminal is told; what is typed without echo is not in it.");
      }
    } catch (error) {
      toast((error as Problem).message, "error");
    }
    tabs.active?.focus();
  };
  const askToStop = async (): Promise<void> => {
    const terminal = tabs.activeTab?.id;
    const yes = await confirmed({ title: "Stop recording?", text: "What was recorded so far is kept among your recordings.", no: "Go on recording", yes: "Stop recording" });
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
    toast(endText(recording.reason), "info", { label: "Play it", href: recording.urls.page });
  }
}

function endText(reason: string | null | undefined): string {
  switch (reason) {
    case "size": return "The recording ended: it is as large as one may be.";
    case "time": return "The recording ended: it is as long as one may be.";
    case "quota": return "The recording ended: yours are as large together as they may be.";
    case "disk": return "The recording ended: the host has no more room for it.";
    case "exited": case "closed": return "The recording ended with its terminal.";
    case "fault": return "The recording broke off.";
    default: return "Recorded.";
  }
}
