import { t } from "../l10n.ts";
import type { SecretProperties } from "./vaultObjects.ts";

/** The most a secret's value may take, in bytes of UTF-8. @see https://learn.microsoft.com/azure/key-vault/secrets/about-secrets */
export const maxSecretBytes = 25 * 1024;

const maxContentType = 255;
const maxTags = 15;
const maxTagLength = 512;

/**
 * Says which rule the name of a secret, key or certificate breaks; undefined when it is fine.
 * @see https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#vault-name-and-object-name
 */
export function checkObjectName(name: string): string | undefined {
  if (name === "") {
    return t("The name is empty.");
  }
  if (name.length > 127) {
    return t("The name has {0} characters; at most 127 are allowed.", name.length);
  }
  const wrong = /[^0-9a-zA-Z-]/u.exec(name)?.[0];
  return wrong === undefined
    ? undefined
    : t('The name may contain only letters (a–z), digits and hyphens, and not this character: "{0}".', wrong);
}

/** Says which rule a secret's value breaks; undefined when it is fine. The answer never contains the value. */
export function checkSecretValue(value: string): string | undefined {
  if (value === "") {
    return t("The value is empty.");
  }
  const bytes = new TextEncoder().encode(value).byteLength;
  return bytes > maxSecretBytes
    ? t("The value takes {0} bytes; a secret holds at most {1} (25 KB).", bytes, maxSecretBytes)
    : undefined;
}

/** Says which rule the properties of a secret break; undefined when they are fine. */
export function checkSecretProperties(properties: SecretProperties): string | undefined {
  const { contentType, expiresOn, notBefore } = properties;
  if (contentType !== undefined && contentType.length > maxContentType) {
    return t("The content type has {0} characters; at most {1} are allowed.", contentType.length, maxContentType);
  }
  if (isInvalid(expiresOn) || isInvalid(notBefore)) {
    return t("This is not a date.");
  }
  if (expiresOn && notBefore && expiresOn <= notBefore) {
    return t("The secret would expire before it becomes valid.");
  }
  return checkTags(properties.tags ?? {});
}

function isInvalid(date: Date | undefined): boolean {
  return date !== undefined && Number.isNaN(date.getTime());
}

function checkTags(tags: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(tags);
  if (entries.length > maxTags) {
    return t("There are {0} tags; at most {1} are allowed.", entries.length, maxTags);
  }
  const tooLong = entries.find(([name, value]) => name.length > maxTagLength || value.length > maxTagLength);
  if (tooLong) {
    return t(
      'A tag\'s name and its value have at most {0} characters each: "{1}".',
      maxTagLength,
      tooLong[0].slice(0, 40),
    );
  }
  return entries.some(([name]) => name === "") ? t("A tag has no name.") : undefined;
}
