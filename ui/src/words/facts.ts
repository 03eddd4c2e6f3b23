// Words of a platform's Facts in the person's language, looked up by the fact's own key; the fact's English where there is none.
import type { Facts } from "$bindings";
import { app } from "$state/app.svelte";
import { said } from "$messages";

const safe = (key: string): string => key.replace(/[^A-Za-z0-9]+/g, "_");

function fact(platform: string, kind: string, key: string, plain: string): string {
  if (app.language === "en") return plain;
  return said(`facts_${safe(platform)}_${kind}_${safe(key)}`) ?? plain;
}

const of = (platform: string): Facts | undefined => app.facts.find((facts) => facts.id === platform);
const option = (platform: string, key: string) => of(platform)?.options.find((option) => option.key === key);

export const optionLabel = (platform: string, key: string): string =>
  fact(platform, "option", key, option(platform, key)?.label ?? key);
export const optionHelp = (platform: string, key: string): string =>
  fact(platform, "help", key, option(platform, key)?.help ?? "");

export function choiceLabel(platform: string, key: string, value: string): string {
  const kind = option(platform, key)?.kind;
  const plain = kind?.is === "one_of" ? kind.choices.find(([given]) => given === value)?.[1] : undefined;
  return fact(platform, "choice", `${key}_${value}`, plain ?? value);
}

/** The words of a declaration: the last whose condition holds. */
export function consentText(platform: string, key: string, at: number, plain: string): string {
  return fact(platform, "consent", `${key}_${at}`, plain);
}

export const flagLabel = (platform: string, key: string, plain: string): string => fact(platform, "flag", key, plain);
export const flagHelp = (platform: string, key: string, plain: string): string =>
  fact(platform, "flaghelp", key, plain);
export const whyOff = (platform: string, key: string, plain: string): string => fact(platform, "off", key, plain);
export const whyNot = (platform: string, key: string, value: string, plain: string): string =>
  fact(platform, "not", `${key}_${value}`, plain);
export const wayNote = (platform: string, way: string, plain: string): string =>
  fact(platform, "way", way === "" ? "usual" : way, plain);

export const pasteWhat = (platform: string, way: string, plain: string): string =>
  fact(platform, "paste", way === "" ? "usual" : way, plain);
export const stepText = (platform: string, way: string, at: number, plain: string): string =>
  fact(platform, "step", `${way === "" ? "usual" : way}_${at}`, plain);

export const wordLabel = (platform: string, field: string): string =>
  fact(platform, "word", field, of(platform)?.words.find((word) => word.field === field)?.label ?? field);
export const quotaLabel = (platform: string, bucket: string, plain: string): string =>
  fact(platform, "quota", bucket, plain);
export const scopeWhy = (platform: string, index: number, plain: string): string =>
  fact(platform, "scope", String(index), plain);
export const platformName = (platform: string): string => of(platform)?.name ?? platform;
