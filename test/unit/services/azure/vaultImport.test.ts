import assert from "node:assert/strict";
import { inspect } from "node:util";

import fc from "fast-check";
import { describe, it } from "mocha";

import {
  environmentNameFor,
  parseImport,
  reviewImport,
  secretNameFor,
} from "../../../../src/services/azure/vaultImport.ts";
import type { ImportFormat, ImportRow } from "../../../../src/services/azure/vaultImport.ts";

const nothing = { existing: [], deleted: [] };

function values(text: string, format: ImportFormat): Record<string, string> {
  return Object.fromEntries(parseImport(text, format).entries.map(({ key, value }) => [key, value()]));
}

function review(text: string, around: Parameters<typeof reviewImport>[1] = nothing): readonly ImportRow[] {
  return reviewImport(parseImport(text, "dotenv").entries, around);
}

describe("A .env file", () => {
  it("gives keys, quoted values and values over several lines, and leaves comments out", () => {
    const text = [
      "# of the shop",
      "",
      "DB__USER=shop # who",
      "export DB__PASS='p#a $HOME\\n'",
      'KEY="one\\ntwo \\"three\\""',
      "PEM=`-----BEGIN",
      "abc",
      "-----END`",
      "EMPTY=",
      "URL=https://host/?a=b#c",
    ].join("\r\n");

    assert.deepEqual(values(text, "dotenv"), {
      DB__USER: "shop",
      DB__PASS: "p#a $HOME\\n",
      KEY: 'one\ntwo "three"',
      PEM: "-----BEGIN\nabc\n-----END",
      EMPTY: "",
      URL: "https://host/?a=b#c",
    });
  });

  it("names the line of what cannot be read, and never quotes it", () => {
    const { entries, problems } = parseImport('A=1\njust canary words\nC=3\nB="canary\ncanary==', "dotenv");

    assert.deepEqual(
      problems.map(({ line }) => line),
      [2, 4],
    );
    assert.doesNotMatch(JSON.stringify(problems), /canary/);
    assert.deepEqual(
      entries.map(({ key, line }) => [key, line]),
      [
        ["A", 1],
        ["C", 3],
      ],
    );
  });

  it("keeps the last value of a key that stands there twice, and says so", () => {
    assert.deepEqual(values("A=1\nA=2", "dotenv"), { A: "2" });
    assert.deepEqual(
      parseImport("A=1\nA=2", "dotenv").problems.map(({ line }) => line),
      [1],
    );
  });

  it("gives back every value that was written in double quotes", () => {
    const escaped = (value: string): string =>
      value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\r", "\\r").replaceAll("\n", "\\n");
    fc.assert(
      fc.property(fc.string(), fc.string(), (first, second) => {
        assert.deepEqual(values(`A="${escaped(first)}"\nB="${escaped(second)}" # end`, "dotenv"), {
          A: first,
          B: second,
        });
      }),
    );
  });
});

describe("A JSON file of secrets", () => {
  it("flattens objects and lists, and takes numbers as they are written", () => {
    const text =
      '{ "Db": { "Pass": "p", "Port": 5432 }, "Ids": ["a", "b"], "Pin": 12345678901234567890, "Rate": 1.10, "On": true }';

    assert.deepEqual(values(text, "json"), {
      "Db:Pass": "p",
      "Db:Port": "5432",
      "Ids:0": "a",
      "Ids:1": "b",
      Pin: "12345678901234567890",
      Rate: "1.10",
      On: "true",
    });
  });

  it("says what is wrong without quoting the file", () => {
    for (const text of ['{"A": canary}', '["canary"]', "canary: 1", '{"A": "canary",}', '{"A": "can\\qary"}', ""]) {
      const { entries, problems } = parseImport(text, "json");
      assert.deepEqual(entries, [], text);
      assert.equal(problems.length, 1, text);
      assert.doesNotMatch(JSON.stringify(problems), /canary/);
    }
    assert.deepEqual(
      parseImport('{\n"A": null,\n"B": 1\n}', "json").problems.map(({ line }) => line),
      [2],
    );
  });

  it("gives back every string", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string()), (secrets) => {
        const flat = Object.entries(secrets).filter(([key]) => key !== "__proto__");
        const text = JSON.stringify(Object.fromEntries(flat), undefined, 2);
        assert.deepEqual(
          parseImport(text, "json").entries.map(({ key, value }) => [key, value()]),
          Object.entries(JSON.parse(text) as object),
        );
      }),
    );
  });
});

describe("The names of a bulk set", () => {
  it("are legal, and lead back to the environment variable", () => {
    assert.equal(secretNameFor("DB__PASS"), "DB--PASS");
    assert.equal(environmentNameFor("DB--PASS"), "DB__PASS");
    assert.equal(secretNameFor("Section:Key"), "Section--Key");
    assert.equal(secretNameFor("db.user name"), "db-user-name");
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_]{1,40}$/), (key) => {
        assert.match(secretNameFor(key), /^[0-9a-zA-Z-]{1,127}$/);
        assert.equal(environmentNameFor(secretNameFor(key)), key);
      }),
    );
  });

  it("are reviewed before anything is written: new, one more version, or blocked", () => {
    const rows = review("NEW=1\nOLD_ONE=1\nCERT=1\nGONE=1\nEMPTY=\nODD=1\nTOO_LONG=" + "x".repeat(25_601), {
      existing: [
        { name: "old-one", isManaged: false },
        { name: "cert", isManaged: true },
      ],
      deleted: [{ name: "Gone" }],
      renames: new Map([["ODD", "ß"]]),
    });

    assert.deepEqual(
      rows.map(({ name, effect }) => [name, effect.kind]),
      [
        ["NEW", "new"],
        ["OLD-ONE", "newVersion"],
        ["CERT", "blocked"],
        ["GONE", "blocked"],
        ["EMPTY", "blocked"],
        ["ß", "blocked"],
        ["TOO-LONG", "blocked"],
      ],
    );
    assert.equal(rows[1]?.isRenamed, true);
  });

  it("block each other when they become one, also when only the letter case differs", () => {
    const rows = review("DB_PASS=1\nDB.PASS=2\ndb-pass=3\nOTHER=4");
    assert.deepEqual(
      rows.map(({ effect }) => effect.kind),
      ["blocked", "blocked", "blocked", "new"],
    );

    const renames = new Map([
      ["DB.PASS", "db-pass-2"],
      ["db-pass", "db-pass-3"],
    ]);
    assert.ok(
      review("DB_PASS=1\nDB.PASS=2\ndb-pass=3", { ...nothing, renames }).every((row) => row.effect.kind === "new"),
    );
  });

  it("come without values: neither JSON nor a debugger's view of entries and rows shows one", () => {
    const parsed = parseImport("KEY=canary", "dotenv");
    const shown = [parsed, reviewImport(parsed.entries, nothing)].map(
      (part) => JSON.stringify(part) + inspect(part, { depth: 9 }),
    );
    assert.doesNotMatch(shown.join(), /canary/);
    assert.equal(parsed.entries[0]?.value(), "canary");
  });
});
