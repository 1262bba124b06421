import { connect, type WebviewApi } from "./connect.ts";
import { load } from "./controls.ts";
import { h } from "./dom.ts";
import { fromState, toState } from "./draft.ts";
import { Shell } from "./shell.ts";

declare function acquireVsCodeApi(): WebviewApi;

const api = acquireVsCodeApi();
const connection = connect(api);
const root = h("main", { class: "wizard" });
document.body.append(root);

// Never rejects: a failure is shown with Retry.
void load(
  root,
  () => connection.call("load", {}),
  (loaded) => {
    const content = h("div", {});
    const shell = new Shell({
      connection,
      root: content,
      saved: fromState(api.getState()),
      loaded,
      save: (saved) => {
        api.setState(toState(saved));
      },
    });
    shell.start();
    void shell.takeOpening();
    return [content];
  },
);
