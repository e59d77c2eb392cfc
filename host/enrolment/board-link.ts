/** Writing an image to a board in enrolment mode: the enroller on a serial line, or as a Bluetooth central. */

import type { Message } from "../../protocol/coap/message.js";
import { BLE_PACKAGE, bleCentral, loadNoble } from "../border-router/ble.js";
import { emulatedCentral } from "../border-router/central.js";
import type { RouterEvent } from "../border-router/events.js";
import { GattBoards } from "../border-router/gatt-boards.js";
import { portOf } from "../border-router/open-port.js";
import { SerialLine } from "../border-router/serial-line.js";
import { Rate } from "../coap/rate.js";
import { primitives, randomSource } from "../primitives.js";
import { Enroller, type EnrollerEvent } from "./enroller.js";

/** Where the board is. */
export type BoardPlace =
  /** A terminal, or "udp:HOST:PORT" of an emulator. */
  | { readonly kind: "serial"; readonly device: string; readonly baud: number }
  /** This machine's Bluetooth adapter. */
  | { readonly kind: "ble" }
  /** Emulated Bluetooth: "udp:HOST:PORT". */
  | { readonly kind: "gatt"; readonly place: string };

export interface BoardImage {
  readonly code: Uint8Array;
  readonly image: Uint8Array;
  readonly nextCode: Uint8Array;
}

export interface WriteOptions {
  /** Milliseconds without a word of the board until it is given up. */
  readonly patience: number;
  /** Hears lines for people. */
  onProgress(line: string): void;
}

/** More than a board asks; what comes beyond is noise or somebody else. */
const RATE = 50;

/** The board did not take the image, or did not say so. */
export class BoardError extends Error {
  override readonly name = "BoardError";

  /** `isUncertain`: it had the whole image, and may have stored it. */
  constructor(
    message: string,
    readonly isUncertain: boolean,
  ) {
    super(message);
  }
}

/**
 * Resolves once the board has stored the image: proven by its MAC, or, where an earlier try was cut off, by its having
 * the image's code. Rejects with a BoardError, or why the link can't be had.
 */
export async function writeToBoard(
  place: BoardPlace,
  image: BoardImage,
  { patience, onProgress }: WriteOptions,
): Promise<{ proven: boolean }> {
  let settle: (stored: { proven: boolean }) => void = () => {};
  let reject: (error: Error) => void = () => {};
  let isUncertain = false;
  const fail = (reason: string): void => reject(new BoardError(reason, isUncertain));
  const stored = new Promise<{ proven: boolean }>((resolve, onFailure) => {
    settle = resolve;
    reject = onFailure;
  });
  // Whoever fails before it is awaited is heard then.
  stored.catch(() => {});
  let strangers = 0;
  const giveUp = (): void => {
    const others = strangers > 0 ? `; ${strangersText(place)}` : "";
    fail(`no board with this code has said a word for ${Math.round(patience / 1000)} s${others}`);
  };
  let timer = setTimeout(giveUp, patience);
  const onEvent = (event: EnrollerEvent): void => {
    if (event.kind === "stranger") {
      strangers++;
      if (strangers === 1) onProgress(strangersText(place));
      // A line leads to one board: no other will come.
      if (place.kind === "serial") fail(`the code is wrong: ${strangersText(place)}`);
      return;
    }
    if (event.kind === "refused" && !event.authentic) {
      onProgress(`somebody on the link, perhaps the board, says: ${event.reason}`);
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(giveUp, patience);
    if (event.kind === "begun") {
      // A board that begins again with the old code has stored nothing.
      isUncertain = false;
      onProgress("the board is there");
    } else if (event.kind === "block") {
      isUncertain = event.number + 1 === event.count;
      onProgress(`block ${event.number + 1} of ${event.count}`);
    } else if (event.kind === "stored") settle({ proven: event.proven });
    else {
      isUncertain = false;
      fail(`the board refuses: ${event.reason}`);
    }
  };
  const enroller = new Enroller({ ...image, primitives, random: randomSource, onEvent });
  let isOver = false;
  const link = openLink(
    place,
    (request) => enroller.answer(request),
    // A board that is enrolled starts anew: its line may go then.
    (line) => isOver || onProgress(line),
  );
  try {
    await link.start();
    const result = await stored;
    isOver = true;
    // The board waits for the word that its proof has come.
    await new Promise((resolve) => setTimeout(resolve, LAST_WORD));
    return result;
  } finally {
    clearTimeout(timer);
    link.close();
    enroller.end();
  }
}

/** Milliseconds for the last answer to leave, and to leave again when it is asked for again. */
const LAST_WORD = 500;

function strangersText({ kind }: BoardPlace): string {
  return kind === "serial" ? "the board has another one" : "boards with other codes are here too";
}

interface EnrolmentLink {
  start(): Promise<void>;
  close(): void;
}

function openLink(
  place: BoardPlace,
  answer: (request: Message) => ReturnType<Enroller["answer"]>,
  onProgress: (line: string) => unknown,
): EnrolmentLink {
  const newRate = (): Rate => new Rate(performance.now(), RATE, 10 * RATE);
  const onEvent = (event: RouterEvent): void => {
    if (event.event === "attached") onProgress(`looking for the board at ${event.at}`);
    else if (event.event === "detached") onProgress(`${event.device}: ${event.reason}`);
    else if (event.event === "fault") onProgress(`${event.where}: ${event.reason}`);
  };
  if (place.kind === "serial") {
    const { device, baud } = place;
    return new SerialLine({
      device,
      openPort: portOf(device, baud),
      rate: newRate(),
      forward: answer,
      onEvent,
    });
  }
  const onError = (error: Error, where: string): void => {
    onProgress(`${where}: ${error.message}`);
  };
  const [device, openCentral] =
    place.kind === "ble"
      ? [BLE_PACKAGE, bleCentral({ load: loadNoble, onError })]
      : [place.place, emulatedCentral(place.place)];
  return new GattBoards({ device, openCentral, newRate, forward: answer, onEvent });
}
