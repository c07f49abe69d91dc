/** The colours of the style sheet, for a canvas, which cannot read them itself. */

import { useEffect, useState } from "react";
import { useTheme } from "../../shell/theme";

/** Changes whenever the colours do. */
export function useColours(): string {
  const theme = useTheme((state) => state.theme);
  const [dark, setDark] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const hear = (): void => setDark(query.matches);
    query.addEventListener("change", hear);
    return () => query.removeEventListener("change", hear);
  }, []);
  return theme === "system" ? (dark ? "dark" : "light") : theme;
}

/** Reads colours by their names, as they are at this element. */
export function paletteAt(host: HTMLElement): (name: string, alpha?: number) => string {
  const styles = getComputedStyle(host);
  return (name, alpha = 1) => {
    const value = styles.getPropertyValue(name).trim() || "#888888";
    return alpha === 1 || !/^#[0-9a-f]{6}$/i.test(value) ? value : value + Math.round(alpha * 255).toString(16).padStart(2, "0");
  };
}
