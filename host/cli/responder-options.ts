/** Options that subcommands of `symbolon responder` share with it: they are its own, wherever they stand. */

import type { Command } from "commander";

/** Has the help of a subcommand name these of its parent's options, and no others. */
export function ownOptions(command: Command, names: readonly string[]): void {
  command.configureHelp({
    showGlobalOptions: true,
    visibleGlobalOptions: ({ parent }) =>
      (parent?.options ?? []).filter((option) => names.includes(option.attributeName())),
  });
}
