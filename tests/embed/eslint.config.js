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
  {
    files: ["static/dvauth.js"],
    languageOptions: { sourceType: "script" },
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.name=/^(addEventListener|listen)$/] > Literal[value=/\\bmessage\\b/]",
          message: "would hear foreign frames: tabs talk over their channel",
        },
        {
          selector: "MemberExpression[property.name=/^(onmessage|postMessage)$/]:not([object.name='channel'])",
          message: "would reach foreign frames: tabs talk over their channel",
        },
      ],
    },
  },
];
