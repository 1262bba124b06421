/** The demo world. */
import type { Builder } from "./builders.ts";
import { seedBase, type Visitor } from "./seedBase.ts";

export function seedDemo(builder: Builder): Visitor {
  const visitor = seedBase(builder);
  builder.addCluster({ name: "myAKSCluster" });
  return visitor;
}
