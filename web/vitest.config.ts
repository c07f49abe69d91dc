import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { aliases } from "./vite.config.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The hook is tested with React 18, too, which stands in a folder of its own. */
const react18 = {
  ...aliases,
  "react-dom/client": here("react-18/node_modules/react-dom/client.js"),
  "react/jsx-dev-runtime": here("react-18/node_modules/react/jsx-dev-runtime.js"),
  "react/jsx-runtime": here("react-18/node_modules/react/jsx-runtime.js"),
  "react-dom": here("react-18/node_modules/react-dom/index.js"),
  react: here("react-18/node_modules/react/index.js"),
};

export default defineConfig({
  test: {
    projects: [
      { resolve: { alias: aliases }, test: { name: "page", include: ["tests/unit/**/*.test.{ts,tsx}"], exclude: ["tests/unit/*react18*"] } },
      { resolve: { alias: react18 }, test: { name: "react 18", include: ["tests/unit/*react18*"] } },
    ],
  },
});
