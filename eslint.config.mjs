import tseslint from "typescript-eslint";

const noTests = { group: ["**/test/**"], message: "src/ does not know its tests." };

/** A later wall for a file replaces an earlier one, so each repeats `noTests`. Patterns are gitignore-style: no braces. */
const wall = (room, ...forbidden) => ({
  files: [room],
  rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns: [noTests, ...forbidden] }] },
});

const rooms = (...names) => names.flatMap((name) => [`**/${name}/**`]);
const noVscode = { group: ["vscode"], message: "This room does not know VS Code." };

export default tseslint.config(
  {
    ignores: [
      "dist/",
      "node_modules/",
      ".vscode-test/",
      "*.mjs",
      "test/harness/*.mjs",
      "test/harness/*.cjs",
      "coverage/",
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ["./tsconfig.json", "./src/wizard/page/tsconfig.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "no-console": "error",
      eqeqeq: "error",
      complexity: ["error", 12],
      "max-lines": ["error", 400],
      "max-lines-per-function": ["error", 60],
      "max-params": ["error", 5],
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.property.name='registerCommand']",
          message: "Commands are registered in commands/commands.ts only.",
        },
      ],
    },
  },
  { files: ["src/commands/commands.ts"], rules: { "no-restricted-syntax": "off" } },
  {
    files: ["test/**"],
    rules: {
      "max-lines-per-function": "off",
      "no-console": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unused-expressions": "off",
    },
  },
  {
    // JSON of an answer is looked into as it comes: the assertion that follows is what says what is expected in it.
    files: ["test/unit/sandbox/**", "test/peers/**"],
    rules: Object.fromEntries(
      ["assignment", "member-access", "call", "argument", "return"].map((use) => [
        `@typescript-eslint/no-unsafe-${use}`,
        "off",
      ]),
    ),
  },
  wall("src/**"),
  wall("src/manifest.ts", { group: ["*"], message: "manifest.ts imports nothing." }),
  wall("src/services/**", noVscode, {
    group: [...rooms("host", "commands", "tree", "language", "wizard"), "**/manifest.ts"],
    message: "services/ knows no other room.",
  }),
  wall("src/services/secretProviderClass/**", noVscode, {
    group: [
      ...rooms("host", "commands", "tree", "language", "wizard", "azure", "kubernetes", "plan", "diagnosis"),
      "node:*",
    ],
    allowTypeImports: true,
    message: "The class is a language: pure, no I/O.",
  }),
  wall("src/wizard/*.ts", {
    group: rooms("commands", "tree", "page"),
    message: "The wizard's host side knows services, host and protocol.",
  }),
  wall("src/wizard/protocol.ts", noVscode, {
    regex: "^(?!\\.\\./services/(call|errors)\\.ts$)",
    message: "The protocol is types only.",
  }),
  wall("src/wizard/serve.ts", noVscode),
  wall("src/wizard/handlers.ts", noVscode),
  wall("src/wizard/page/**", noVscode, {
    group: ["node:*", ...rooms("services", "host", "commands", "tree")],
    message: "The page is a browser.",
  }),
  wall("src/host/**", {
    group: rooms("commands", "tree", "wizard"),
    message: "host/ adapts VS Code and knows no room above it.",
  }),
  wall("src/tree/**", { group: rooms("commands", "wizard", "language"), message: "tree/ names commands by id." }),
  wall("src/language/**", { group: rooms("commands", "wizard", "tree"), message: "language/ names commands by id." }),
  wall("src/commands/**", { group: rooms("page"), message: "commands/ does not know the page." }),
  {
    files: ["test/sandbox/**"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["**/src/**"], message: "The sandbox is written from the published APIs, not from our client." },
          ],
        },
      ],
    },
  },
);
