/** Mocha's spec reporter that also writes how many tests passed, failed and were skipped into the file KEY_VAULT_CSI_COUNTS. */
const { writeFileSync } = require("node:fs");
const Mocha = require("mocha");

module.exports = class CountingReporter extends Mocha.reporters.Spec {
  done(failures, finished) {
    const { passes, failures: failed, pending } = this.stats;
    if (process.env.KEY_VAULT_CSI_COUNTS) {
      writeFileSync(process.env.KEY_VAULT_CSI_COUNTS, JSON.stringify({ passed: passes, failed, skipped: pending }));
    }
    finished(failures);
  }
};
