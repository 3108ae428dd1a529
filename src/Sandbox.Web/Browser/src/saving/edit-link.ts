import { api, type Problem } from "../page/api";
import { openDialog } from "../page/dialog";
import { make } from "../page/dom";
import { choice, field, textInput, tick } from "./fields";
import type { LinkBudget, OwnedLink } from "./links-api";

/** Title, who may start a link, and its budget. Resolves to whether it was changed. */
export function editLink(link: OwnedLink): Promise<boolean> {
  const { budget } = link;
  const title = textInput("title", link.title, 120);
  title.required = true;
  const access = link.own?.access ?? "private";
  const hours = budget.from === "00:00" && budget.until === "24:00" ? null : budget;
  const password = textInput("password", "", 200);
  password.type = "password";
  password.autocomplete = "new-password";
  const error = make("p", "share-error");
  error.setAttribute("role", "alert");
  const save = make("button", "button primary", "Save");
  const cancel = make("button", "button", "Cancel");
  cancel.type = "button";
  const limits = make("fieldset", "link-limits", make("legend", "", "Limits for other people. An empty field is no limit."),
    field(number("atOnce", budget.atOnce, 10_000), "edit-at-once", "Running at once", "More visitors wait in a queue."),
    field(number("perDay", budget.perDay, 100_000), "edit-per-day", "Starts in 24 hours"),
    field(timed("time", "from", hours?.from ?? ""), "edit-from", "From (UTC)"),
    field(timed("time", "until", hours?.until?.replace("24:00", "00:00") ?? ""), "edit-until", "Until (UTC)"),
    field(timed("datetime-local", "expiresAt", budget.expiresAt ? localTime(new Date(budget.expiresAt)) : ""), "edit-expires", "Expires"),
    field(password, "edit-password", budget.hasPassword ? "New password" : "Password", budget.hasPassword ? "Leave it empty to keep the current password." : ""));
  if (budget.hasPassword) {
    limits.append(tick("noPassword", "1", ["Without a password"], false));
  }
  limits.append(
    tick("offline", "1", ["Without a network"], budget.offline),
    field(textInput("origins", budget.origins?.join(" ") ?? "", 2000), "edit-origins", "Pages that may show it", "Like https://docs.example.org, with a blank between. Empty is any page, unless this server has a list."),
  );
  const form = make("form", "state-form",
    field(title, "edit-title", "Title"),
    make("fieldset", "", make("legend", "", "Who can start it"), choice("access", "anyone", "anyone who has the link", access === "anyone"), choice("access", "private", "only me", access === "private")),
    limits, error, make("div", "dialog-actions", cancel, save));
  const dialog = openDialog("Edit the link", form);
  cancel.addEventListener("click", () => dialog.close());
  return new Promise(resolve => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "saved"));
    form.addEventListener("submit", event => {
      event.preventDefault();
      save.disabled = true;
      api("PUT", `/api/v1/links/${link.hash}`, changeOf(new FormData(form))).then(
        () => dialog.close("saved"),
        (problem: unknown) => {
          save.disabled = false;
          error.textContent = (problem as Problem).message;
        });
    });
  });
}

/** The form's values as REST takes them: the budget replaces the old one, and no password keeps the one there is. */
export function changeOf(data: FormData): { title: string; access: string; budget: Partial<LinkBudget> & { password?: string } } {
  const text = (name: string): string => String(data.get(name) ?? "");
  const count = (name: string): number | null => text(name) === "" ? null : Number(text(name));
  const password = data.has("noPassword") ? "" : text("password") || undefined;
  return {
    title: text("title"),
    access: text("access"),
    budget: {
      atOnce: count("atOnce"),
      perDay: count("perDay"),
      from: text("from") || null,
      until: text("until") || null,
      expiresAt: text("expiresAt") === "" ? null : new Date(text("expiresAt")).toISOString(),
      offline: data.has("offline"),
      origins: originsOf(text("origins")),
      ...password === undefined ? {} : { password },
    },
  };
}

/** The origins of what a person wrote or copied: addresses of pages count as their origin. What is none is left for the server to name. */
export function originsOf(text: string): string[] | null {
  const origins = text.split(/[\s,]+/).filter(Boolean).map(word => {
    try {
      const url = new URL(word);
      return url.protocol === "https:" || url.protocol === "http:" ? url.origin : word;
    } catch {
      return word;
    }
  });
  return origins.length === 0 ? null : origins;
}

/** As the field of a date and time wants it: the visitor's clock, to the minute. */
export function localTime(time: Date): string {
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function number(name: string, value: number | null, most: number): HTMLInputElement {
  const input = make("input", "");
  input.type = "number";
  input.name = name;
  input.min = "1";
  input.max = String(most);
  input.step = "1";
  input.value = value === null ? "" : String(value);
  return input;
}

function timed(type: string, name: string, value: string): HTMLInputElement {
  const input = make("input", "");
  input.type = type;
  input.name = name;
  input.value = value;
  return input;
}
