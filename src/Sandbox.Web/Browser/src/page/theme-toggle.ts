const dark = matchMedia("(prefers-color-scheme: dark)");

/** The theme that is shown now: the chosen one, else the system's. */
export function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen ? chosen === "dark" : dark.matches;
}

/** Calls back when the shown theme changes, by the toggle or by the system. Returns a function that ends it. */
export function onThemeChange(listener: () => void): () => void {
  dark.addEventListener("change", listener);
  document.addEventListener("themechange", listener);
  return () => {
    dark.removeEventListener("change", listener);
    document.removeEventListener("themechange", listener);
  };
}

/** Wires every [data-theme-toggle] button. */
export function startThemeToggle(): void {
  const label = (): void => {
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-theme-toggle]")) {
      const text = isDark() ? "Use the light theme" : "Use the dark theme";
      if (button.classList.contains("icon-button")) {
        button.setAttribute("aria-label", text);
        button.title = text;
      } else {
        button.textContent = text;
      }
    }
  };
  label();
  onThemeChange(label);
  document.addEventListener("click", event => {
    if (!(event.target as Element).closest("[data-theme-toggle]")) {
      return;
    }
    const next = isDark() ? "light" : "dark";
    if ((next === "dark") === dark.matches) {
      // Back to what the system says: follow it again.
      delete document.documentElement.dataset["theme"];
      store(null);
    } else {
      document.documentElement.dataset["theme"] = next;
      store(next);
    }
    document.dispatchEvent(new Event("themechange"));
  });
}

function store(theme: string | null): void {
  try {
    if (theme) {
      localStorage.setItem("theme", theme);
    } else {
      localStorage.removeItem("theme");
    }
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}
