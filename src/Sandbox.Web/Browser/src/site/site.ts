import { writeClipboard } from "../page/clipboard";
import { scripted } from "../page/scripted";
import { startThemeToggle } from "../page/theme-toggle";
import { toast } from "../page/toast";
import { startCatalog } from "./catalog";
import { startHandover } from "./handover";
import { startLink } from "./link";
import { startNew } from "./new";
import { startPlaygrounds } from "./playgrounds";
import { startResume, startTutorial } from "./tutorial";
import { startTutorials } from "./tutorials";

/** Parts that only some pages load. */
const parts: Promise<void>[] = [];

startThemeToggle();

document.addEventListener("click", event => {
  const button = (event.target as Element).closest<HTMLElement>("[data-copy]");
  if (button) {
    event.preventDefault();
    void writeClipboard(button.dataset["copy"]!).then(done => done ? toast("Copied") : toast("The browser blocked copying", "error"));
  }
});

const catalog = document.getElementById("catalog");
if (catalog) {
  startCatalog(catalog);
}

const playgrounds = document.getElementById("playgrounds");
if (playgrounds) {
  startPlaygrounds(playgrounds);
}

const recordings = document.getElementById("recordings");
if (recordings) {
  parts.push(import("../recording/manage").then(({ startManaging }) => startManaging(recordings, null)));
}

const recording = document.getElementById("recording");
if (recording) {
  parts.push(import("../recording/player").then(({ startPlayer }) => startPlayer(recording)));
}

const links = document.getElementById("links");
if (links) {
  parts.push(import("./links").then(({ startLinks }) => startLinks(links)));
}

const building = document.querySelector<HTMLElement>("section#build");
if (building) {
  parts.push(import("../building/images-page").then(({ startImages }) => startImages(building)));
}

const compose = document.querySelector<HTMLFormElement>("form#compose");
if (compose) {
  parts.push(import("./compose").then(({ startCompose }) => startCompose(compose)));
}

const volumes = document.querySelector<HTMLFormElement>("form#volume-form");
if (volumes) {
  parts.push(import("./volumes").then(({ startVolumes }) => startVolumes(volumes)));
}

// The guide has a heading of the same id.
const link = document.querySelector<HTMLElement>("article#link");
if (link) {
  startLink(link);
}

const reading = document.getElementById("reading");
if (reading) {
  parts.push(import("./reading").then(({ startReading }) => startReading(reading)));
}

const tutorials = document.querySelector<HTMLElement>("div#tutorials");
if (tutorials) {
  startTutorials(tutorials);
}

const tutorial = document.querySelector<HTMLElement>("article#tutorial");
if (tutorial) {
  startTutorial(tutorial);
}

const resume = document.getElementById("resume");
if (resume) {
  startResume(resume);
}

const recipe = document.getElementById("new");
if (recipe) {
  startNew(recipe);
}

const handover = document.getElementById("handover");
if (handover) {
  startHandover(handover);
}

void Promise.all(parts).then(() => document.dispatchEvent(new Event(scripted)));
