#!/usr/bin/env node
/**
 * `symbolon`: one command a file. Exit code 0 when it did what it was asked, 1 when it failed, 2 on wrong use.
 * An error is one line on standard error; SYMBOLON_DEBUG=1 adds where it came from.
 */

import { Command, CommanderError } from "commander";
import { addAuthorityCommand } from "./authority.js";
import { addBorderRouterCommand } from "./border-router.js";
import { addDecodeCommand } from "./decode.js";
import { addDoctorCommand } from "./doctor.js";
import { addEnergyCommand } from "./energy.js";
import { addEnrolCommand } from "./enrol.js";
import { addGatewayCommand } from "./gateway.js";
import { addLabelCommand } from "./label.js";
import { addResponderCommand } from "./responder.js";
import { addSimulateCommand } from "./simulate.js";
import { addThirdPartyCommand } from "./third-party.js";
import { addWipeCommand } from "./wipe.js";

const EXIT_FAILED = 1;
const EXIT_WRONG_USE = 2;

const program = new Command("symbolon")
  .description("Key establishment for constrained sensors: MIKEY's distributed hybrid mode")
  .exitOverride()
  .allowExcessArguments(false);

addAuthorityCommand(program);
addEnrolCommand(program);
addLabelCommand(program);
addWipeCommand(program);
addThirdPartyCommand(program);
addResponderCommand(program);
addBorderRouterCommand(program);
addGatewayCommand(program);
addDecodeCommand(program);
addDoctorCommand(program);
addEnergyCommand(program);
addSimulateCommand(program);

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
