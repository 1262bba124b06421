/** Runs a parsed query over rows in memory. */
import { KqlError, type Expression, type Operator, type Query } from "./kqlParser.ts";

export type Row = Readonly<Record<string, unknown>>;

export type Tables = (name: string) => readonly Row[] | undefined;

/** @throws {KqlError} an unknown table or function */
export function runKql(query: Query, tables: Tables): Row[] {
  const rows = tables(query.table.toLowerCase());
  if (!rows) {
    throw new KqlError(query.table, 0);
  }
  return query.operators.reduce<Row[]>((current, operator) => apply(operator, current, tables), [...rows]);
}

function apply(operator: Operator, rows: Row[], tables: Tables): Row[] {
  switch (operator.kind) {
    case "where":
      return rows.filter((row) => evaluate(operator.condition, row) === true);
    case "project":
      return rows.map((row) =>
        Object.fromEntries(operator.columns.map(({ name, value }) => [name, evaluate(value, row) ?? null])),
      );
    case "extend":
      return rows.map((row) => ({
        ...row,
        ...Object.fromEntries(operator.columns.map(({ name, value }) => [name, evaluate(value, row) ?? null])),
      }));
    case "project-away":
      return rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([name]) => !operator.names.includes(name))),
      );
    case "distinct":
      return distinct(rows, operator.names);
    case "order":
      return rows.sort((a, b) => compareBy(operator.keys, a, b));
    case "take":
      return rows.slice(0, operator.count);
    case "count":
      return [{ Count: rows.length }];
    case "join":
      return join(rows, operator, tables);
  }
}

function distinct(rows: readonly Row[], names: readonly string[]): Row[] {
  const seen = new Map<string, Row>();
  for (const row of rows) {
    const picked = Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
    seen.set(JSON.stringify(picked), picked);
  }
  return [...seen.values()];
}

function compareBy(
  keys: readonly { readonly by: Expression; readonly isAscending: boolean }[],
  a: Row,
  b: Row,
): number {
  for (const { by, isAscending } of keys) {
    const [left, right] = [evaluate(by, a), evaluate(by, b)];
    const order =
      typeof left === "number" && typeof right === "number" ? left - right : compareText(text(left), text(right));
    if (order !== 0) {
      return isAscending ? order : -order;
    }
  }
  return 0;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function join(rows: readonly Row[], { how, right, on }: Extract<Operator, { kind: "join" }>, tables: Tables): Row[] {
  const keyOf = (row: Row): string => on.map((name) => text(row[name])).join("\n");
  const others = new Map<string, Row[]>();
  for (const row of runKql(right, tables)) {
    const key = keyOf(row);
    others.set(key, [...(others.get(key) ?? []), row]);
  }
  return rows.flatMap((row) => {
    const matched = others.get(keyOf(row)) ?? [];
    if (matched.length === 0) {
      return how === "leftouter" ? [row] : [];
    }
    return matched.map((other) => ({ ...renamed(other, row), ...row }));
  });
}

/** A column that both sides have comes from the right as `name1`. */
function renamed(other: Row, row: Row): Row {
  return Object.fromEntries(Object.entries(other).map(([name, value]) => [name in row ? `${name}1` : name, value]));
}

function text(value: unknown): string {
  if (value === undefined || value === null) {
    return "";
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function evaluate(expression: Expression, row: Row): unknown {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "column":
      return expression.path.reduce<unknown>((value, name) => readField(value, name), row);
    case "and":
      return evaluate(expression.left, row) === true && evaluate(expression.right, row) === true;
    case "or":
      return evaluate(expression.left, row) === true || evaluate(expression.right, row) === true;
    case "compare":
      return compare(expression.operator, evaluate(expression.left, row), evaluate(expression.right, row));
    case "in":
      return isIn(expression, row);
    case "call":
      return call(
        expression.name,
        expression.args.map((arg) => evaluate(arg, row)),
      );
  }
}

function readField(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function isIn({ operator, left, list }: Extract<Expression, { kind: "in" }>, row: Row): boolean {
  const fold = operator.endsWith("~") ? (value: string) => value.toLowerCase() : (value: string) => value;
  const value = fold(text(evaluate(left, row)));
  const isFound = list.some((item) => fold(text(evaluate(item, row))) === value);
  return operator.startsWith("!") ? !isFound : isFound;
}

const comparers: Readonly<Record<string, (a: string, b: string) => boolean>> = {
  "==": (a, b) => a === b,
  "=~": (a, b) => a.toLowerCase() === b.toLowerCase(),
  contains: (a, b) => a.toLowerCase().includes(b.toLowerCase()),
  contains_cs: (a, b) => a.includes(b),
  startswith: (a, b) => a.toLowerCase().startsWith(b.toLowerCase()),
  startswith_cs: (a, b) => a.startsWith(b),
  endswith: (a, b) => a.toLowerCase().endsWith(b.toLowerCase()),
  has: (a, b) =>
    a
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .includes(b.toLowerCase()) || a.toLowerCase() === b.toLowerCase(),
};

function compare(operator: string, left: unknown, right: unknown): boolean {
  if (["<", ">", "<=", ">="].includes(operator)) {
    const [a, b] = [Number(left), Number(right)];
    return operator.startsWith("<") ? a < b || (operator === "<=" && a === b) : a > b || (operator === ">=" && a === b);
  }
  const positive = operator
    .replace(/^!=$/, "==")
    .replace(/^!~$/, "=~")
    .replace(/^!(?=[a-z])/, "");
  const isSo = comparers[positive]?.(text(left), text(right)) ?? false;
  return positive === operator ? isSo : !isSo;
}

const functions: Readonly<Record<string, (...args: readonly unknown[]) => unknown>> = {
  tolower: (value) => text(value).toLowerCase(),
  toupper: (value) => text(value).toUpperCase(),
  tostring: (value) => text(value),
  tobool: (value) => (value === undefined || value === null ? null : text(value).toLowerCase() === "true"),
  toint: (value) => Number(value),
  isempty: (value) => text(value) === "",
  isnotempty: (value) => text(value) !== "",
  isnull: (value) => value === undefined || value === null,
  isnotnull: (value) => value !== undefined && value !== null,
  not: (value) => value !== true,
  coalesce: (...values) => values.find((value) => value !== undefined && value !== null && value !== "") ?? null,
  iff: (condition, yes, no) => (condition === true ? yes : no),
  iif: (condition, yes, no) => (condition === true ? yes : no),
  strcat: (...values) => values.map(text).join(""),
};

function call(name: string, args: readonly unknown[]): unknown {
  const run = functions[name];
  if (!run) {
    throw new KqlError(name, 0);
  }
  return run(...args);
}
