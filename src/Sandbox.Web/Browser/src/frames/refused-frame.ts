// Words instead of a terminal: the page around hears that, and shows them.
import { Embedder } from "./embedder";

const embedder = new Embedder();
embedder.say({ sandbox: "ready" });
embedder.say({ sandbox: "state", state: "failed" });
