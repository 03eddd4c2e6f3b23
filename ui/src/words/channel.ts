// What a channel is called where several stand side by side: by its name, unless another has the same one.
import { app } from "$state/app.svelte";

type Named = { name: string; platform: string; platform_name: string };

export function nameAmong(one: Named, all: readonly Named[]): string {
  const same = all.filter((other) => other.name === one.name);
  if (same.length < 2) return one.name;
  return same.filter((other) => other.platform === one.platform).length < 2
    ? one.platform_name
    : `${one.name} (${one.platform_name})`;
}

/** Of a connected channel, by its number; `plain` where it is none any more. */
export function channelName(account: number, plain: string): string {
  const one = app.accounts.find((other) => other.id === account);
  return one ? nameAmong(one, app.accounts) : plain;
}
