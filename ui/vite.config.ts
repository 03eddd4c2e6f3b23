import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// `--mode fake` builds the window over fixtures instead of an engine: for looking at screens in any browser.
export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  base: "./",
  resolve: {
    alias: {
      $host: at(mode === "fake" || mode === "test" ? "./src/host/fake.ts" : "./src/host/tauri.ts"),
      $bindings: at("./src/bindings.ts"),
      $messages: at("./src/messages.ts"),
      $state: at("./src/state"),
      $parts: at("./src/parts"),
      $words: at("./src/words"),
      $screens: at("./src/screens"),
    },
    // Under test there is a document too: without this the server half of Svelte would be taken.
    ...(mode === "test" ? { conditions: ["browser"] } : {}),
  },
  build: {
    // What the oldest webview we meet understands (webkit2gtk of Debian 12, WKWebView of macOS 12, WebView2).
    target: ["safari15", "chrome105"],
    // Small assets stay files: the content policy allows no data: for scripts and fonts.
    assetsInlineLimit: 0,
    outDir: mode === "fake" ? "dist-fake" : "dist",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  clearScreen: false,
  test: { environment: "jsdom", include: ["src/**/*.test.ts"] },
}));
