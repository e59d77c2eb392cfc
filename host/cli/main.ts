#!/usr/bin/env node
/**
 * `symbolon`: one command a file. Exit code 0 when it did what it was asked, 1 when it failed, 2 on wrong use.
 * An error is one line on standard error; SYMBOLON_DEBUG=1 adds where it came from.
 */

import { Command, CommanderError } from "commander";

type AddCommand = (program: Command) => void;

/** Loaded when they are asked for: none needs the others, and starts sooner without them. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  authority: async () => (await import("./authority.js")).addAuthorityCommand,
  enrol: async () => (await import("./enrol.js")).addEnrolCommand,
  label: async () => (await import("./label.js")).addLabelCommand,
  wipe: async () => (await import("./wipe.js")).addWipeCommand,
  "third-party": async () => (await import("./third-party.js")).addThirdPartyCommand,
  responder: async () => (await import("./responder.js")).addResponderCommand,
  "border-router": async () => (await import("./border-router.js")).addBorderRouterCommand,
  gateway: async () => (await import("./gateway.js")).addGatewayCommand,
  decode: async () => (await import("./decode.js")).addDecodeCommand,
  doctor: async () => (await import("./doctor.js")).addDoctorCommand,
  energy: async () => (await import("./energy.js")).addEnergyCommand,
  simulate: async () => (await import("./simulate.js")).addSimulateCommand,
};

const EXIT_FAILED = 1;
const EXIT_WRONG_USE = 2;

const program = new Command("symbolon")
  .description("Key establishment for constrained sensors: MIKEY's distributed hybrid mode")
  .exitOverride()
  .allowExcessArguments(false);

const asked = process.argv[2] ?? "";
// Help, and whoever mistypes a name, needs all of them.
const wanted = Object.hasOwn(commands, asked) ? [commands[asked]] : Object.values(commands);
for (const add of await Promise.all(wanted.map((load) => load()))) add(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Help that was asked for is no error. commander has said the rest.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_WRONG_USE;
  } else {
    const { message, stack } = error as Error;
    process.stderr.write(`symbolon: ${message.replace(/\s*\n\s*/g, " ")}\n`);
    if (process.env.SYMBOLON_DEBUG === "1") process.stderr.write(`${stack}\n`);
    process.exitCode = EXIT_FAILED;
  }
}
