// The window's words. `m` is every message as a function; the language is set once for the whole window.
import * as all from "./paraglide/messages.js";
import { overwriteGetLocale } from "./paraglide/runtime.js";

export type Language = "en" | "ja" | "ru" | "en-XA";

let language: Language = "en";
overwriteGetLocale(() => language);

export const m = all.m;

export function speak(to: Language): void {
  language = to;
}

/** A message whose key is made of a code or a fact. Nothing when there is none: the caller has the engine's own words. */
export function said(key: string, given: Record<string, unknown> = {}): string | undefined {
  const found = (m as unknown as Record<string, ((given: Record<string, unknown>) => string) | undefined>)[key];
  return found?.(given);
}
