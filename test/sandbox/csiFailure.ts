/** Why a volume could not be mounted, before the callers around it add their own words. */
export class CsiFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CsiFailure";
  }
}
