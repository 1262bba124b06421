/** `node --import tsx test/sandbox/makeCa.ts DIR`: makes the sandbox's authority before the processes start that must trust it. */
import { createCertificateAuthority, writeCertificateAuthority } from "./certificate.ts";

async function main(folder: string | undefined): Promise<void> {
  if (!folder) {
    throw new Error("Usage: makeCa.ts DIR");
  }
  writeCertificateAuthority(folder, await createCertificateAuthority());
}

void main(process.argv[2]);
