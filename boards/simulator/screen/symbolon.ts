/**
 * The sensor as a picture: a token broken in as many pieces as there are third parties. A piece is filled when its
 * share is on the way; the token is whole when the Responder has confirmed the key. Under it: what the sensor does.
 */

import Resource from "Resource";
import { Outline } from "commodetto/outline";
import Poco, { type Font } from "commodetto/Poco";
import parseBMF from "commodetto/parseBMF";
import type { ApplicationEvent } from "../../../firmware/application.js";
import type { Measurement } from "../../../firmware/readings.js";
import type { Display } from "../sensor.js";

/** How it stands with a piece. */
type Piece = "waiting" | "sent" | "refused";

const TURN = 2 * Math.PI;

export class Symbolon implements Display {
  readonly #poco = new Poco(screen, { displayListLength: 8192 });
  /** A watch's screen has room for a line under the title, a larger one for three. */
  readonly #lines = this.#poco.height < 200 ? 1 : 3;
  readonly #large = font(this.#lines === 1 ? 18 : 28);
  readonly #small = font(16);
  readonly #colors = {
    paper: this.#poco.makeColor(250, 248, 243),
    ink: this.#poco.makeColor(38, 50, 56),
    faint: this.#poco.makeColor(190, 190, 184),
    words: this.#poco.makeColor(112, 120, 122),
    sent: this.#poco.makeColor(96, 144, 160),
    whole: this.#poco.makeColor(0, 121, 107),
    broken: this.#poco.makeColor(183, 68, 52),
  };
  /** Third parties in the order in which they were first named. */
  readonly #names: string[] = [];
  #pieces: Piece[] = [];
  /** There is a session. */
  #whole = false;
  #reading = "";

  constructor() {
    this.#draw("idle", "");
  }

  begin(thirdParties: number): void {
    this.#pieces = new Array<Piece>(thirdParties).fill("waiting");
    this.#draw("awake", "", this.#whole);
  }

  tell(event: ApplicationEvent): void {
    switch (event.event) {
      case "message":
        this.#share(event.to, "sent");
        break;
      case "refused":
        this.#share(event.from, "refused");
        break;
      case "finished":
        this.#end(event.agreed ? fingerprint(event.tek) : undefined, event.reason ?? "");
        break;
      case "resumed":
        this.#whole = true;
        this.#draw("session", `of exchange ${event.t}`, true);
        break;
      case "reading":
        this.#reading = event.measurements.map(inWords).join(", ");
        this.#draw("sending", this.#reading, this.#whole);
        break;
      case "sleeping":
        this.#draw(event.acknowledged ? "asleep" : "not heard", event.reason ?? this.#reading, this.#whole);
    }
  }

  #share(name: string, piece: Piece): void {
    this.#whole = false;
    this.#pieces[this.#indexOf(name)] = piece;
    const sent = this.#pieces.filter((piece) => piece === "sent").length;
    this.#draw(`${sent} of ${this.#pieces.length}`, "shares sent");
  }

  #end(fingerprint: string | undefined, reason: string): void {
    this.#whole = fingerprint !== undefined;
    if (fingerprint !== undefined) {
      this.#draw("agreed", fingerprint, true);
    } else {
      this.#pieces.fill("refused");
      this.#draw("no key", reason);
    }
  }

  #indexOf(name: string): number {
    const known = this.#names.indexOf(name);
    return known >= 0 ? known : this.#names.push(name) - 1;
  }

  #draw(title: string, detail: string, whole = false): void {
    const poco = this.#poco;
    const { width, height } = poco;
    const { paper, ink, words, whole: green } = this.#colors;
    const text = this.#large.height + this.#lines * this.#small.height;
    const radius = Math.min(width, height - text) * 0.42;
    const x = width / 2;
    const y = (height - text) / 2;
    poco.begin();
    poco.fillRectangle(paper, 0, 0, width, height);
    const count = whole ? 1 : Math.max(1, this.#pieces.length);
    for (let i = 0; i < count; i++)
      this.#drawPiece(this.#pieces[i] ?? "waiting", i, count, x, y, radius, whole);
    let top = height - text;
    this.#drawLine(title, this.#large, whole ? green : ink, top);
    top += this.#large.height;
    for (const line of this.#wrap(detail)) {
      this.#drawLine(line, this.#small, whole ? ink : words, top);
      top += this.#small.height;
    }
    poco.end();
  }

  #drawPiece(
    piece: Piece,
    i: number,
    count: number,
    x: number,
    y: number,
    radius: number,
    whole: boolean,
  ): void {
    const { sent, broken, faint, whole: green } = this.#colors;
    const from = (i / count) * TURN - TURN / 4;
    const to = ((i + 1) / count) * TURN - TURN / 4;
    const middle = (from + to) / 2;
    // Pieces of a broken token stand apart.
    const gap = count === 1 ? 0 : radius * 0.08;
    const cx = x + Math.cos(middle) * gap;
    const cy = y + Math.sin(middle) * gap;
    const path = new Outline.CanvasPath();
    if (count > 1) path.moveTo(cx, cy);
    path.arc(cx, cy, radius - gap, from, to);
    path.closePath();
    if (whole) this.#poco.blendOutline(green, 255, Outline.fill(path));
    else if (piece === "sent") this.#poco.blendOutline(sent, 255, Outline.fill(path));
    else this.#poco.blendOutline(piece === "refused" ? broken : faint, 255, Outline.stroke(path, 2));
  }

  #drawLine(text: string, font: Font, color: number, top: number): void {
    const left = (this.#poco.width - this.#poco.getTextWidth(text, font)) / 2;
    this.#poco.drawText(text, font, color, Math.round(left), Math.round(top));
  }

  /** As many lines as there is room for; all of it is in the trace. */
  #wrap(text: string): string[] {
    const lines: string[] = [];
    let line = "";
    for (const word of text.split(" ")) {
      const longer = line === "" ? word : `${line} ${word}`;
      if (line !== "" && this.#poco.getTextWidth(longer, this.#small) > this.#poco.width - 8) {
        lines.push(line);
        line = word;
      } else line = longer;
    }
    lines.push(line);
    return lines.slice(0, this.#lines);
  }
}

function font(size: 16 | 18 | 28): Font {
  return parseBMF(new Resource(`OpenSans-Semibold-${size}.bf4`));
}

function inWords({ value, decimals, unit }: Measurement): string {
  return `${(value / 10 ** decimals).toFixed(decimals)} ${unit}`;
}

/** The first bytes, in groups that eyes can compare; the trace has all of them. */
function fingerprint(hex: string): string {
  return `${hex.slice(0, 4)} ${hex.slice(4, 8)} ${hex.slice(8, 12)}`;
}
