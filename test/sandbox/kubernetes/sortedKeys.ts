/** Keys in order, made for appending many at once: what arrives out of order is sorted when somebody looks. */
export class SortedKeys {
  #keys: string[] = [];
  readonly #members = new Set<string>();
  #isSorted = true;
  #hasHoles = false;

  get size(): number {
    return this.#members.size;
  }

  add(key: string): void {
    if (this.#members.has(key)) {
      return;
    }
    this.#members.add(key);
    const last = this.#keys.at(-1);
    this.#isSorted &&= !this.#hasHoles && (last === undefined || last < key);
    this.#keys.push(key);
  }

  delete(key: string): void {
    this.#hasHoles = this.#members.delete(key) || this.#hasHoles;
  }

  /** Where the first key that is not less than `key` stands. */
  indexOf(key: string): number {
    const keys = this.#sorted();
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((keys[middle] ?? "") < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Keys from `start` on that begin with `prefix`. */
  *from(start: string, prefix: string): Generator<string> {
    const keys = this.#sorted();
    for (let i = this.indexOf(start > prefix ? start : prefix); i < keys.length; i++) {
      const key = keys[i] ?? "";
      if (!key.startsWith(prefix)) {
        return;
      }
      yield key;
    }
  }

  /** How many keys begin with `prefix` and are not less than `start`. */
  count(start: string, prefix: string): number {
    const end = prefix === "" ? this.#sorted().length : this.indexOf(`${prefix}\uffff`);
    return Math.max(0, end - this.indexOf(start > prefix ? start : prefix));
  }

  #sorted(): readonly string[] {
    if (this.#hasHoles || !this.#isSorted) {
      this.#keys = [...this.#members].sort(compare);
      this.#hasHoles = false;
      this.#isSorted = true;
    }
    return this.#keys;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Several sorted sequences as one. */
export function* mergeSorted(sequences: readonly Generator<string>[]): Generator<string> {
  const heads = sequences.map((sequence) => ({ sequence, next: sequence.next() }));
  for (;;) {
    const open = heads.filter((head) => !head.next.done);
    const first = open.reduce<(typeof heads)[number] | undefined>(
      (least, head) => (least === undefined || String(head.next.value) < String(least.next.value) ? head : least),
      undefined,
    );
    if (first === undefined) {
      return;
    }
    yield String(first.next.value);
    first.next = first.sequence.next();
  }
}
