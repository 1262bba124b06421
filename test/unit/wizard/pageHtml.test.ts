import assert from "node:assert/strict";

import { describe, it } from "mocha";

import { pageHtml } from "../../../src/wizard/pageHtml.ts";

const parts = {
  scriptUri: "https://example.test/wizard.js",
  styleUri: "https://example.test/wizard.css",
  cspSource: "https://example.test",
  nonce: "bm9uY2U=",
  language: "en",
  title: "Setup",
  texts: { hello: 'He said "hi" <script>alert(1)</script> & left' },
};

describe("The page's document", () => {
  it("allows its own script by nonce and its own styles, and nothing else", () => {
    assert.match(
      pageHtml(parts),
      /content="default-src &#39;none&#39;; style-src https:\/\/example\.test; script-src &#39;nonce-bm9uY2U=&#39;"|content="default-src 'none'; style-src https:\/\/example\.test; script-src 'nonce-bm9uY2U='"/,
    );
  });

  it("carries the texts as data that cannot become markup", () => {
    const html = pageHtml(parts);
    assert.ok(!html.includes("<script>alert"));
    const encoded = /data-texts="([^"]*)"/.exec(html)?.[1] ?? "";
    const decoded = encoded.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
    assert.deepEqual(JSON.parse(decoded), parts.texts);
  });
});
