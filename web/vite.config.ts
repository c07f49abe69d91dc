import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The server to develop against: `CALLBOARD_URL=http://127.0.0.1:9000 npm run dev`. */
const server = process.env.CALLBOARD_URL ?? "http://127.0.0.1:8000";
const API = ["/nodes", "/workflows", "/start-task", "/audits", "/cancel-task", "/sessions", "/requests", "/session-info", "/tasks", "/me", "/login", "/logout", "/tickets", "/shared", "/livez", "/health", "/docs", "/openapi.json", "/asyncapi.json"];

export const aliases = {
  "@callboard/client/react": here("client/react/index.ts"),
  "@callboard/client": here("client/src/index.ts"),
};

export default defineConfig(({ command }) => ({
  // The built page's files are under /static/, the page itself is at / and under /app/.
  base: command === "build" ? "/static/" : "/",
  plugins: [react()],
  resolve: { alias: aliases },
  build: {
    outDir: here("../static"),
    emptyOutDir: true,
    target: "es2022",
    // Small images would become data: addresses; all files keep names of their own instead.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        hashCharacters: "hex",
        entryFileNames: "assets/[name]-[hash:12].js",
        chunkFileNames: "assets/[name]-[hash:12].js",
        assetFileNames: "assets/[name]-[hash:12][extname]",
      },
    },
  },
  server: {
    proxy: {
      ...Object.fromEntries(API.map((path) => [path, { target: server }])),
      "/api": { target: server, ws: true },
      "/ws": { target: server, ws: true },
    },
  },
}));
