// A step for two shells, one block behind the other: one of them is shown, as the reader chooses.

import { choice } from "./tabs.js";

const PAIR = ".language-bash.highlight + .language-powershell.highlight";

export function joinShells() {
  const made = [...document.querySelectorAll(PAIR)].map((second) => {
    const first = second.previousElementSibling;
    const shells = choice({ sh: "sh", powershell: "PowerShell" }, "Shell", () => update());
    const update = () => {
      first.hidden = shells.chosen() === "powershell";
      second.hidden = !first.hidden;
    };
    shells.node.classList.add("wt-shells");
    first.before(shells.node);
    return update;
  });
  for (const update of made) update();
}
