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

export const wordLabel = (platform: string, field: string): string =>
  fact(platform, "word", field, of(platform)?.words.find((word) => word.field === field)?.label ?? field);
export const quotaLabel = (platform: string, bucket: string, plain: string): string =>
  fact(platform, "quota", bucket, plain);
export const scopeWhy = (platform: string, index: number, plain: string): string =>
  fact(platform, "scope", String(index), plain);
export const platformName = (platform: string): string => of(platform)?.name ?? platform;
