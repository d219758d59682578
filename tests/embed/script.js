/** The script as a value: without a document it starts nothing and answers with its parts. */
import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";

const source = readFileSync(new URL("../../static/dvauth.js", import.meta.url), "utf8");

export const [createMachine, createService, TEXTS] = runInThisContext(source, { filename: "dvauth.js" });
