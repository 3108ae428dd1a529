import { type DetailedError, Upload } from "tus-js-client";
import { api, Problem } from "../page/api";
import type { Sending } from "./sending";

/** Up to here a file goes with the request that begins it: many small files are one request each. */
const smallFile = 1024 * 1024;

/** A file that is sent over tus, to the address it shall have. */
export class TusSending implements Sending {
  readonly #upload: Upload;
  #progress: (sent: number) => void = () => undefined;
  #settle: { resolve: () => void; reject: (problem: Problem) => void } | null = null;
  #looked = false;
  #paused = false;

  constructor(private readonly url: string, private readonly file: File) {
    const large = file.size > smallFile;
    this.#upload = new Upload(file, {
      endpoint: url,
      retryDelays: null,
      uploadDataDuringCreation: !large,
      // Dropped once more after the page was loaded anew, a large file goes on where it was.
      storeFingerprintForResuming: large,
      removeFingerprintOnSuccess: true,
      fingerprint: () => Promise.resolve(`sandbox-upload ${url} ${file.size} ${file.lastModified}`),
      onProgress: sent => this.#progress(sent),
      // With an address to begin at, the library begins anew after any refusal, as from a server that is just restarting.
      onUploadUrlAvailable: () => {
        this.#upload.options.endpoint = null;
      },
      onSuccess: () => this.#settle?.resolve(),
      onError: error => this.#settle?.reject(problemOf(error)),
    });
  }

  async start(onProgress: (sent: number) => void): Promise<void> {
    this.#progress = onProgress;
    this.#paused = false;
    await this.#readable();
    if (!this.#looked && this.file.size > smallFile) {
      this.#looked = true;
      const earlier = (await this.#upload.findPreviousUploads()).at(-1);
      if (earlier) {
        this.#upload.resumeFromPreviousUpload(earlier);
        this.#upload.options.endpoint = null;
      }
    }
    const begun = this.#upload.url !== null || this.#upload.options.endpoint === null;
    try {
      await this.#run();
    } catch (error) {
      if (begun && (error as Problem).status === 404) {
        // The server no longer has what arrived.
        this.#upload.url = null;
        this.#upload.options.endpoint = this.url;
        onProgress(0);
        await this.#run();
        return;
      }
      throw error;
    }
  }

  pause(): void {
    this.#paused = true;
    void this.#upload.abort(false).catch(() => undefined);
    this.#settle?.reject(offline());
  }

  cancel(): void {
    // Without an address yet, the request that breaks off takes everything with it.
    const url = this.#upload.url;
    void this.#upload.abort(false).then(() => url ? api("DELETE", new URL(url, location.href).pathname, undefined, { "Tus-Resumable": "1.0.0" }) : undefined).catch(() => undefined);
  }

  #run(): Promise<void> {
    if (this.#paused) {
      return Promise.reject(offline());
    }
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#upload.start();
    });
  }

  /** A file that is gone or changed fails like a lost connection, and would be tried for ever. */
  async #readable(): Promise<void> {
    try {
      await this.file.slice(0, 1).arrayBuffer();
    } catch {
      throw new Problem("unreadable", 400, "The file can no longer be read: it was moved, changed or deleted on your device.");
    }
  }
}

/** A directory that has nothing in it. */
export class DirectorySending implements Sending {
  constructor(private readonly url: string) {}

  async start(): Promise<void> {
    await api("PUT", `${this.url}?type=directory`);
  }

  pause(): void {
    // The browser's own answer comes as soon.
  }

  cancel(): void {
    // It is one short request.
  }
}

function offline(): Problem {
  return new Problem("offline", 0, "The server cannot be reached.");
}

function problemOf(error: Error | DetailedError): Problem {
  const response = "originalResponse" in error ? error.originalResponse : null;
  const status = response?.getStatus() ?? 0;
  if (status === 0) {
    return offline();
  }
  try {
    const { code, detail } = JSON.parse(response!.getBody()) as { code?: string; detail?: string };
    return new Problem(code ?? "internal", status, detail ?? `The server answered ${status}.`);
  } catch {
    return new Problem("internal", status, status === 404 ? "The sandbox no longer exists." : `The server answered ${status}.`);
  }
}
