// Light and dark: colours of what is drawn; those of the page itself are in page.css.

export interface Theme {
  ink: string; muted: string; line: string; ground: string; faint: string;
  good: string; caution: string; bad: string; unknown: string; plain: string;
  series: readonly string[]; sites: readonly string[]; dark: boolean;
}

// Okabe and Ito's palette (Wong 2011, Nature Methods 8:441), lighter or darker where the ground asks for it.
export const LIGHT: Theme = {
  ink: "#1d2125", muted: "#5a636c", line: "#d9d9d2", ground: "#ffffff", faint: "#f1f1ec",
  good: "#00704f", caution: "#8f5b00", bad: "#b34700", unknown: "#5a636c", plain: "#1d2125",
  series: ["#0072b2", "#d55e00", "#009e73", "#a8588a", "#b87f00", "#3a87b4", "#5a636c"],
  sites: ["#332288", "#cc6677", "#44aa99", "#882255", "#999933", "#6699cc", "#aa4499", "#117733", "#b8a24a"],
  dark: false,
};
export const DARK: Theme = {
  ink: "#e7e9eb", muted: "#a0aab4", line: "#343b42", ground: "#1a1e22", faint: "#22272c",
  good: "#4cc9a0", caution: "#e9b44c", bad: "#ff9364", unknown: "#a0aab4", plain: "#e7e9eb",
  series: ["#56b4e9", "#f0884a", "#3fc79c", "#dd94bf", "#e6b450", "#8cc8ea", "#a0aab4"],
  sites: ["#8f85e0", "#e08a98", "#6fd0c0", "#d070a0", "#c8c860", "#8fb8e8", "#d080c8", "#60c080", "#ddcc77"],
  dark: true,
};

const asked = window.matchMedia("(prefers-color-scheme: dark)");
let chosen: boolean | null = null;
const listeners = new Set<() => void>();

export function theme(): Theme {
  return (chosen ?? asked.matches) ? DARK : LIGHT;
}

export function onTheme(listener: () => void): void {
  listeners.add(listener);
}

export function turn(): void {
  chosen = !theme().dark;
  tell();
}

function tell(): void {
  document.documentElement.dataset.theme = theme().dark ? "dark" : "light";
  listeners.forEach((listener) => listener());
}

asked.addEventListener("change", tell);
// paper is white, whatever the screen is
let before: boolean | null = null;
window.addEventListener("beforeprint", () => { before = chosen; chosen = false; tell(); });
window.addEventListener("afterprint", () => { chosen = before; tell(); });
tell();
