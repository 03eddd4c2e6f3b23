// What the vault holds, as the settings show it. Pure.
import type { VaultFolder, Wipe } from "$bindings";
import { m } from "$messages";

export function placeText(folder: VaultFolder): string {
  switch (folder.place) {
    case "here":
      return m.settings_vault_here();
    case "elsewhere":
      return m.settings_vault_elsewhere();
    case "replaced":
      return m.settings_vault_replaced();
    case "gone":
      return m.settings_vault_gone();
    case "unknown":
      return m.settings_vault_unknown();
  }
}

/** The channels whose sign-ins a data folder keeps, each once. */
export function channelsOf(folder: VaultFolder): string[] {
  const names = folder.entries.filter((entry) => entry.kind === "account").map((entry) => entry.name ?? entry.key);
  return [...new Set(names)];
}

/** What to ask the engine for, so that these folders' entries go. The person has confirmed it. */
export function requests(folders: VaultFolder[]): Wipe[] {
  return folders.flatMap((folder): Wipe[] =>
    folder.id !== null
      ? [{ folder: folder.id, sure: true }]
      : folder.entries.map((entry) => ({ entry: entry.key, sure: true })),
  );
}
