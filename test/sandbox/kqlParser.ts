/** The part of Kusto's language that Resource Graph queries of ours, of az and of VS Code extensions are written in. */
export type Expression =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "column"; readonly path: readonly string[] }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "compare"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "in"; readonly operator: string; readonly left: Expression; readonly list: readonly Expression[] }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression };

export interface NamedExpression {
  readonly name: string;
  readonly value: Expression;
}

export type Operator =
  | { readonly kind: "where"; readonly condition: Expression }
  | { readonly kind: "project" | "extend"; readonly columns: readonly NamedExpression[] }
  | { readonly kind: "project-away" | "distinct"; readonly names: readonly string[] }
  | { readonly kind: "order"; readonly keys: readonly { readonly by: Expression; readonly isAscending: boolean }[] }
  | { readonly kind: "take"; readonly count: number }
  | { readonly kind: "count" }
  | { readonly kind: "join"; readonly how: string; readonly right: Query; readonly on: readonly string[] };

export interface Query {
  readonly table: string;
  readonly operators: readonly Operator[];
}

export class KqlError extends Error {
  constructor(
    readonly token: string,
    readonly position: number,
  ) {
    super(`Unexpected "${token}" at ${position}`);
    this.name = "KqlError";
  }
}

interface Token {
  readonly kind: "name" | "string" | "number" | "symbol" | "end";
  readonly text: string;
  readonly at: number;
}

const lexer =
  /\s+|\/\/[^\n]*|(?<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?<number>\d+(?:\.\d+)?)|(?<name>\$?[A-Za-z_][\w-]*~?)|(?<symbol>=~|!~|==|!=|<=|>=|!|[|,()[\]{}.=<>*])/gy;

/** `-` belongs to an operator's name only (`project-away`), `~` to `in~`. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  lexer.lastIndex = 0;
  while (lexer.lastIndex < text.length) {
    const at = lexer.lastIndex;
    const groups = lexer.exec(text)?.groups;
    if (!groups) {
      throw new KqlError(text.slice(at, at + 10), at);
    }
    const { string, number, name, symbol } = groups;
    const found = string ?? number ?? name ?? symbol;
    if (found !== undefined) {
      const kind =
        string !== undefined ? "string" : number !== undefined ? "number" : name !== undefined ? "name" : "symbol";
      tokens.push({ kind, text: found, at });
    }
  }
  tokens.push({ kind: "end", text: "<EOF>", at: text.length });
  return tokens;
}

export function parseKql(text: string): Query {
  const parser = new Parser(tokenize(text));
  const query = parser.query();
  parser.expectEnd();
  return query;
}

const comparisons = ["==", "!=", "=~", "!~", "<", ">", "<=", ">="];
const wordComparisons = ["contains", "startswith", "endswith", "has", "contains_cs", "startswith_cs"];

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(): Query {
    const table = this.#expectKind("name").text;
    const operators: Operator[] = [];
    while (this.#accept("|")) {
      operators.push(this.#operator());
    }
    return { table, operators };
  }

  expectEnd(): void {
    this.#accept(";");
    if (this.#peek().kind !== "end") {
      this.#fail();
    }
  }

  #operator(): Operator {
    const name = this.#expectKind("name").text.toLowerCase();
    switch (name) {
      case "where":
        return { kind: "where", condition: this.#or() };
      case "project":
      case "extend":
        return { kind: name, columns: this.#list(() => this.#namedExpression()) };
      case "project-away":
      case "distinct":
        return { kind: name, names: this.#list(() => this.#expectKind("name").text) };
      case "order":
      case "sort":
        this.#expect("by");
        return { kind: "order", keys: this.#list(() => this.#sortKey()) };
      case "take":
      case "limit":
        return { kind: "take", count: Number(this.#expectKind("number").text) };
      case "count":
        return { kind: "count" };
      case "join":
        return this.#join();
      default:
        return this.#failBefore();
    }
  }

  #join(): Operator {
    let how = "innerunique";
    if (this.#accept("kind")) {
      this.#expect("=");
      how = this.#expectKind("name").text.toLowerCase();
    }
    this.#expect("(");
    const right = this.query();
    this.#expect(")");
    this.#expect("on");
    return { kind: "join", how, right, on: this.#list(() => this.#expectKind("name").text) };
  }

  #sortKey(): { readonly by: Expression; readonly isAscending: boolean } {
    const by = this.#primary();
    const isAscending = this.#accept("asc");
    if (!isAscending) {
      this.#accept("desc");
    }
    return { by, isAscending };
  }

  #namedExpression(): NamedExpression {
    const [first, second] = [this.#peek(), this.#tokens[this.#at + 1]];
    if (first.kind === "name" && second?.text === "=") {
      this.#at += 2;
      return { name: first.text, value: this.#or() };
    }
    const value = this.#or();
    return { name: defaultName(value), value };
  }

  #list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.#accept(",")) {
      items.push(item());
    }
    return items;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#accept("or")) {
      left = { kind: "or", left, right: this.#and() };
    }
    return left;
  }

  #and(): Expression {
    let left = this.#comparison();
    while (this.#accept("and")) {
      left = { kind: "and", left, right: this.#comparison() };
    }
    return left;
  }

  #comparison(): Expression {
    const left = this.#primary();
    const isNegated = this.#peek().text === "!" && this.#accept("!");
    const { text } = this.#peek();
    const word = text.toLowerCase();
    const operator = isNegated ? `!${word}` : word;
    if (word === "in" || word === "in~") {
      this.#at += 1;
      this.#expect("(");
      const list = this.#list(() => this.#or());
      this.#expect(")");
      return { kind: "in", operator, left, list };
    }
    if (wordComparisons.includes(word) || (!isNegated && comparisons.includes(text))) {
      this.#at += 1;
      return { kind: "compare", operator, left, right: this.#primary() };
    }
    return isNegated ? this.#fail() : left;
  }

  #primary(): Expression {
    const token = this.#peek();
    if (this.#accept("(")) {
      const inner = this.#or();
      this.#expect(")");
      return inner;
    }
    this.#at += 1;
    switch (token.kind) {
      case "string":
        return { kind: "literal", value: token.text.slice(1, -1).replace(/\\(.)/g, "$1") };
      case "number":
        return { kind: "literal", value: Number(token.text) };
      case "name":
        return this.#nameOrCall(token.text);
      case "symbol":
      case "end":
        return this.#failBefore();
    }
  }

  #nameOrCall(name: string): Expression {
    if (name === "true" || name === "false") {
      return { kind: "literal", value: name === "true" };
    }
    if (this.#accept("(")) {
      const args = this.#peek().text === ")" ? [] : this.#list(() => this.#or());
      this.#expect(")");
      return { kind: "call", name: name.toLowerCase(), args };
    }
    const path = [name];
    for (;;) {
      if (this.#accept(".")) {
        path.push(this.#expectKind("name").text);
      } else if (this.#accept("[")) {
        path.push(this.#expectKind("string").text.slice(1, -1));
        this.#expect("]");
      } else {
        return { kind: "column", path };
      }
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "<EOF>", at: 0 };
  }

  #accept(text: string): boolean {
    const token = this.#peek();
    const isIt = token.kind !== "string" && token.text.toLowerCase() === text;
    this.#at += isIt ? 1 : 0;
    return isIt;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) {
      this.#fail();
    }
  }

  #expectKind(kind: Token["kind"]): Token {
    const token = this.#peek();
    if (token.kind !== kind) {
      this.#fail();
    }
    this.#at += 1;
    return token;
  }

  #failBefore(): never {
    this.#at -= 1;
    return this.#fail();
  }

  #fail(): never {
    const { text, at } = this.#peek();
    throw new KqlError(text, at);
  }
}

/** As Kusto names a column that was given no name: `properties.state` becomes `properties_state`. */
function defaultName(value: Expression): string {
  if (value.kind === "column") {
    return value.path.join("_");
  }
  return value.kind === "call" && value.args[0] ? defaultName(value.args[0]) : "Column1";
}
