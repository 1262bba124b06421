import { t } from "../l10n.ts";

/**
 * Says which rule a vault's name breaks; undefined when it is fine. Whether it is free is another question: names are global.
 * @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftkeyvault
 */
export function checkVaultName(name: string): string | undefined {
  const wrong = /[^a-zA-Z0-9-]/u.exec(name)?.[0];
  if (wrong !== undefined) {
    return t('The name may contain only letters (a–z), digits and hyphens, and not this character: "{0}".', wrong);
  }
  if (name.length < 3 || name.length > 24) {
    return t("The name has {0} characters; it needs 3 to 24.", name.length);
  }
  if (!/^[a-zA-Z]/.test(name)) {
    return t("The name must start with a letter.");
  }
  if (name.endsWith("-")) {
    return t("The name must end with a letter or a digit.");
  }
  return name.includes("--") ? t("The name may not contain two hyphens in a row.") : undefined;
}

/** Says what is wrong with the days a deleted vault is kept; undefined when they are fine or not given. */
export function checkRetention(days: number | undefined): string | undefined {
  const isFine = days === undefined || (Number.isInteger(days) && days >= 7 && days <= 90);
  return isFine ? undefined : t("A deleted vault is kept for 7 to 90 days, not for {0}.", days);
}
