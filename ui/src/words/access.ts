// What became of Slipway's access at a platform after a disconnect, in the person's language.
import type { AccessEnd, LinkedChannel } from "$bindings";
import { m } from "$messages";
import { app } from "$state/app.svelte";

export function namesOf(siblings: readonly LinkedChannel[]): string {
  return new Intl.ListFormat(app.locale, { type: "conjunction" }).format(siblings.map((one) => one.name));
}

export function accessText(platform: string, access: AccessEnd): string {
  switch (access.outcome) {
    case "revoked":
      return m.channels_access_revoked({ platform });
    case "kept":
      return m.channels_access_kept({ platform, names: namesOf(access.siblings) });
    case "not_possible":
      return m.channels_access_not_possible({ platform });
    case "unreached":
      return m.channels_access_unreached({ platform });
    case "unconfirmed":
      return m.channels_access_unconfirmed({ platform });
    case "nothing_stored":
      return m.channels_access_nothing_stored({ platform });
  }
}

/** Where a person takes the access back; nothing when it is gone. */
export const accessPage = (access: AccessEnd): string | undefined =>
  access.outcome === "revoked" ? undefined : (access.page ?? undefined);

/** Which channels ended with it; empty when none did. */
export function endedText(access: AccessEnd): string {
  const ended = "ended" in access ? access.ended : [];
  return ended.length > 0 ? m.channels_access_ended({ names: namesOf(ended) }) : "";
}
