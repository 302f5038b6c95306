import tseslint from "typescript-eslint";

const worldAccess = [
  { name: "setTimeout", message: "Ask the Clock (core/clock.ts)." },
  { name: "setInterval", message: "Ask the Clock (core/clock.ts)." },
];

export default tseslint.config(
  { ignores: ["dist/**", "dist.next/**", "dist-tests/**", "node_modules/**", "coverage/**", "engines/*/build/**"] },
  ...tseslint.configs.strictTypeChecked,
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/strict-boolean-expressions": [
        "error",
        { allowNullableBoolean: false, allowNumber: false, allowString: false },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "max-lines": ["error", { max: 400, skipBlankLines: false, skipComments: false }],
      "max-lines-per-function": ["warn", { max: 60, skipBlankLines: true, skipComments: true }],
      eqeqeq: "error",
      "no-restricted-properties": [
        "error",
        { object: "AbortSignal", property: "any", message: "It loses time-outs in Node 20: core/time-limit.ts." },
      ],
    },
  },
  {
    files: ["detection/**/*.ts", "gateway/{core,sip,media,ports,call,pipeline}/**/*.ts"],
    rules: { "no-restricted-globals": ["error", ...worldAccess] },
  },
  {
    files: ["test/**/*.ts", "scripts/**/*.ts"],
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            { from: "package", package: "node:test", name: ["test", "describe", "it", "suite"] },
          ],
        },
      ],
      "@typescript-eslint/no-non-null-assertion": "off",
      "max-lines-per-function": "off",
    },
  },
  { files: ["**/*.{js,mjs}"], extends: [tseslint.configs.disableTypeChecked] },
);
