/** `symbolon decode`: a MIKEY message, field by field. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { fromHex } from "../../protocol/bytes.js";
import { type Identity, identityFromText } from "../../protocol/mikey/identity.js";
import { type Check, checkMessage, type KnownContext } from "../decode/check.js";
import { type Explanation, explainMessage } from "../decode/explain.js";
import { type MessageInput, readMessageInput, readMessageText } from "../decode/input.js";
import { renderJson, renderText } from "../decode/render.js";
import { primitives } from "../primitives.js";

const EXIT_BAD_INPUT = 1;

const STANDARD_INPUT = 0;
/** No MIKEY message, whatever its certificates, is longer; nor should it be read into memory. */
const LARGEST_INPUT = 16 * 1024 * 1024;

interface DecodeOptions {
  psk?: string;
  pskFile?: string;
  rand?: Uint8Array;
  initiator?: Identity;
  responder?: Identity;
  showKeys?: true;
  json?: true;
}

/** Adds the command to `symbolon`'s. It sets the process's exit code. */
export function addDecodeCommand(program: Command): void {
  program
    .command("decode")
    .description("print a MIKEY message (RFC 3830) field by field")
    .argument("[message...]", "hexadecimal, base64, a=key-mgmt line or file; standard input when absent or -")
    .option(
      "--psk <hex>",
      "check MAC or V and open KEMAC with this key; shells keep a history: see --psk-file",
    )
    .option("--psk-file <file>", "the same key out of a file, in hexadecimal")
    .option("--rand <hex>", "RAND of the bundle, for messages that do not carry it (answers, updates)", hex)
    .option("--initiator <id>", "the Initiator's identity, to check V", identity)
    .option("--responder <id>", "the Responder's identity, to check V", identity)
    .option("--show-keys", "print keys, not their fingerprints")
    .addOption(new Option("--json", "print one JSON object"))
    .showSuggestionAfterError(false)
    .addHelpText(
      "after",
      "\nThe key is the PSK; of a public-key message the envelope key; of R_I the TGK." +
        "\nIdentities: user@realm, a URI, or 0x and hexadecimal." +
        "\nExit code: 0 when the message was read (and holds, with a key), 1 when not, 2 on wrong use.",
    )
    .action((words: string[], options: DecodeOptions, command: Command) => {
      const problem = wrongUse(words, options);
      if (problem !== undefined) command.error(`error: ${problem}`);
      process.exitCode = decode(words, options);
    });
}

/** What of the options does not go together. */
function wrongUse(words: readonly string[], options: DecodeOptions): string | undefined {
  const { psk, pskFile, rand, initiator, responder } = options;
  if (psk !== undefined && !/^([0-9a-fA-F]{2})+$/.test(psk))
    return "--psk: expected pairs of hexadecimal digits";
  if (psk !== undefined && pskFile !== undefined) return "--psk and --psk-file are the same key, give one";
  const hasKey = psk !== undefined || pskFile !== undefined;
  if (!hasKey && (rand ?? initiator ?? responder) !== undefined) {
    return "--rand, --initiator and --responder go with --psk or --psk-file";
  }
  if (words.length === 0 && process.stdin.isTTY) return "no message: give one, or pipe it in";
  return undefined;
}

/** Prints the message and returns the exit code. */
function decode(words: readonly string[], options: DecodeOptions): number {
  const showKeys = options.showKeys === true;
  let input: MessageInput;
  let key: Uint8Array | undefined;
  try {
    input = readInput(words);
    key = readKey(options);
  } catch (error) {
    return complain((error as Error).message);
  }
  const explanation = explainMessage(input.bytes, { showKeys });
  const check = key === undefined ? undefined : checked(explanation, key, options);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ form: input.form, ...renderJson(explanation, check) })}\n`);
  } else {
    const lines = [`${input.bytes.length} bytes, ${input.form}`, ...renderText(explanation, check)];
    process.stdout.write(`${lines.join("\n")}\n`);
  }
  if (explanation.error !== undefined) return complain(explanation.error.message);
  if (check?.holds === false) return complain(`${check.payload} does not hold: ${check.reason}`);
  const unread =
    check?.contents?.error ?? explanation.payloads.find(({ contents }) => contents?.error)?.contents?.error;
  return unread === undefined ? 0 : complain(unread.message);
}

function checked({ message }: Explanation, key: Uint8Array, options: DecodeOptions): Check | undefined {
  if (message === undefined) return undefined;
  const { rand, initiator, responder, showKeys = false } = options;
  const known: KnownContext = {
    key,
    ...(rand && { rand }),
    ...(initiator && { initiator }),
    ...(responder && { responder }),
  };
  return checkMessage(primitives, message, known, { showKeys });
}

/** One line on standard error. */
function complain(message: string): number {
  process.stderr.write(`symbolon decode: ${message}\n`);
  return EXIT_BAD_INPUT;
}

/** The message out of the command line, a file or standard input. Throws an Error with one line that says why not. */
function readInput(words: readonly string[]): MessageInput {
  const text = words.join(" ");
  if (text === "" || text === "-")
    return within("standard input", () => readMessageInput(readFileSync(STANDARD_INPUT)));
  if (words.length === 1 && existsSync(text)) {
    return within(text, () => {
      if (statSync(text).size > LARGEST_INPUT) throw new RangeError(`larger than ${LARGEST_INPUT} bytes`);
      return readMessageInput(readFileSync(text));
    });
  }
  return within("message", () => {
    try {
      return readMessageText(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new SyntaxError(`${error.message}, and no file has that name`);
    }
  });
}

/** The key. commander does not parse it, for it repeats what it can't parse. */
function readKey({ psk, pskFile }: DecodeOptions): Uint8Array | undefined {
  if (psk !== undefined) return fromHex(psk);
  if (pskFile === undefined) return undefined;
  return within(pskFile, () => {
    const key = fromHex(readFileSync(pskFile, "latin1").trim());
    if (key.length === 0) throw new SyntaxError("the key is empty");
    return key;
  });
}

/** Puts the name of what was read before whatever went wrong with it. */
function within<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`${name}: ${code === undefined ? message : `can't be read (${code})`}`);
  }
}

function hex(text: string): Uint8Array {
  try {
    return fromHex(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function identity(text: string): Identity {
  try {
    return identityFromText(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
