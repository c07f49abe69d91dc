// @vitest-environment happy-dom
import { hookTests } from "./hook.shared";

hookTests("18");
