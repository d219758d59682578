const html = "writes markup: build elements and set textContent";

export default [
  { ignores: ["**/node_modules/"] },
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-console": ["error", { allow: ["error"] }],
      "no-eval": "error",
      "no-implicit-globals": "error",
      "no-implied-eval": "error",
      "no-unused-vars": "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: html },
        { property: "outerHTML", message: html },
        { property: "insertAdjacentHTML", message: html },
        { property: "setHTMLUnsafe", message: html },
        { object: "document", property: "write", message: html },
        { object: "document", property: "writeln", message: html },
      ],
    },
  },
  { files: ["static/dvauth.js"], languageOptions: { sourceType: "script" } },
];
