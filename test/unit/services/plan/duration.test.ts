import assert from "node:assert/strict";

import { describe, it } from "mocha";

import { parseGoDuration, sameDuration } from "../../../../src/services/plan/duration.ts";

describe("a rotation poll interval", () => {
  it("is read as Go reads a duration", () => {
    assert.equal(parseGoDuration("2m"), 120_000);
    assert.equal(parseGoDuration("1h30m"), 5_400_000);
    assert.equal(parseGoDuration("1.5s"), 1_500);
    assert.equal(parseGoDuration("2m0s"), 120_000);
  });

  it("needs a unit, an amount and no sign", () => {
    for (const text of ["", "2", "m", "2 m", "-2m", "2d", "2M", "0s"]) {
      assert.equal(parseGoDuration(text), undefined, text);
    }
  });

  it("is the same interval in another unit", () => {
    assert.ok(sameDuration("2m", "120s"));
    assert.ok(sameDuration("1h", "60m0s"));
    assert.ok(!sameDuration("2m", "2s"));
  });
});
