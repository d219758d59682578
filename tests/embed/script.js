/** The script as a value: in a document without it, it starts nothing and answers with its parts. */
import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";

Object.assign(globalThis, { Document: class {}, document: null });
const source = readFileSync(new URL("../../static/dvauth.js", import.meta.url), "utf8");

export const [createMachine, createService, TEXTS] = runInThisContext(source, { filename: "dvauth.js" });
