// Gathers messages/<area>/<language>.json into one file a language for the compiler, and fails on what a person would only find
// by looking: a key that one language lacks, a key nobody uses (with --strict), a placeholder that went missing in translation. Adds a pseudo
// language (en-XA) that is longer than all others, to find what clips.
import { mkdirSync, readFileSync, readdirSync, writeFileSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";

const languages = ["en", "ja", "ru"];
const areas = readdirSync("messages").filter((name) => statSync(join("messages", name)).isDirectory());
const wrong = [];
const all = Object.fromEntries(languages.map((language) => [language, {}]));

const placeholders = (value) => {
  const found = new Set();
  for (const [, name] of JSON.stringify(value).matchAll(/\{(\w+)\}/g)) found.add(name);
  return [...found].sort().join(",");
};

for (const area of areas) {
  const read = Object.fromEntries(
    languages.map((language) => {
      const path = join("messages", area, `${language}.json`);
      if (!existsSync(path)) {
        wrong.push(`${path} is missing`);
        return [language, {}];
      }
      return [language, JSON.parse(readFileSync(path, "utf8"))];
    }),
  );
  const keys = new Set(languages.flatMap((language) => Object.keys(read[language])));
  for (const key of keys) {
    if (!key.startsWith(`${area.replaceAll("-", "_")}_`)) wrong.push(`${area}: ${key} does not begin with its area`);
    for (const language of languages) {
      if (read[language][key] === undefined) wrong.push(`${area}/${language}.json lacks ${key}`);
      else if (placeholders(read[language][key]) !== placeholders(read.en[key] ?? ""))
        wrong.push(`${area}/${language}.json: ${key} has other placeholders than English`);
    }
    for (const language of languages) if (read[language][key] !== undefined) all[language][key] = read[language][key];
  }
}

// A key is used when the source says `m.key`, or when it belongs to a family that is looked up by code or by fact.
const families = [/^problem_/, /^facts_/, /^state_/, /^stage_/, /^next_/, /^activity_(step|outcome)_/];
const sources = [];
const walk = (folder) => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== "paraglide") walk(path);
    else if (/\.(svelte|ts)$/.test(entry.name)) sources.push(readFileSync(path, "utf8"));
  }
};
walk("src");
const text = sources.join("\n");
const used = new Set([...text.matchAll(/\bm\s*\.\s*([a-z0-9_]+)/g)].map(([, key]) => key));
for (const key of Object.keys(all.en)) {
  if (process.argv.includes("--strict") && !used.has(key) && !families.some((family) => family.test(key)))
    wrong.push(`${key} is used nowhere`);
}
for (const key of used) if (all.en[key] === undefined) wrong.push(`${key} is used and has no words`);

const soften = (text) =>
  text.replace(/\{[^}]*\}|[aeiouAEIOU]/g, (part) =>
    part.length > 1 ? part : `${"áéíóúÁÉÍÓÚ"["aeiouAEIOU".indexOf(part)]}${part}`,
  );
const pseudo = (value) => {
  if (typeof value === "string") return `[${soften(value)}]`;
  return value.map((one) => ({
    ...one,
    match: Object.fromEntries(Object.entries(one.match).map(([when, said]) => [when, `[${soften(said)}]`])),
  }));
};

if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
mkdirSync(".messages", { recursive: true });
const sorted = (messages) => Object.fromEntries(Object.entries(messages).sort(([a], [b]) => (a < b ? -1 : 1)));
for (const language of languages)
  writeFileSync(`.messages/${language}.json`, JSON.stringify(sorted(all[language]), null, 1));
writeFileSync(
  ".messages/en-XA.json",
  JSON.stringify(
    Object.fromEntries(Object.entries(sorted(all.en)).map(([key, value]) => [key, pseudo(value)])),
    null,
    1,
  ),
);
