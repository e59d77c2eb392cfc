/**
 * What a gateway keeps: for each bundle that it took a mailbox, in it what waits for the sensor, and what the sensor has
 * sent to a Responder that has not answered yet. One transaction takes each step, so that whatever was acknowledged is
 * there after a crash, and what was collected is not.
 *
 * A mailbox has a name that only who took the answer to the bundle knows: whoever would empty a stranger's must have
 * been on the path. All of it is bounded, for bundles can come from anybody.
 */

import { toHex } from "../../protocol/bytes.js";
import { TAG_LENGTH } from "../../protocol/exchange/bundle.js";
import { RESPONDER_NONCE_LENGTH } from "../../protocol/exchange/profile.js";
import { MAX_ID_LENGTH } from "../../protocol/oscore/context.js";
import { randomSource } from "../primitives.js";
import { orderedKey, type Store, type Table } from "../store/store.js";
import { type Item, LIMITS, type Limits, type Mailbox, type MessageKind, type Outgoing } from "./mailbox.js";

/** Bytes of a mailbox's name before it is written in base64url: nobody guesses 48 bits of one gateway. */
const NAME_LENGTH = 6;

/** Hexadecimal digits of R_I behind the sender ID: nonce and tag. */
const R_I_REST = 2 * (RESPONDER_NONCE_LENGTH + TAG_LENGTH);

/** Mailboxes with one sender ID: those that are looked at, and those of them that are taken. */
const MAX_LOOKED_AT = 64;
const MAX_NAMESAKES = 4;

/** Numbers of messages go from 1 to this and again from 1: one byte, never 0. */
const LAST_NUMBER = 255;

export class Mailboxes {
  readonly #store: Store;
  readonly #limits: Limits;
  readonly #boxes: Table<Mailbox>;
  /** Names by handle: `handle name`. */
  readonly #owned: Table<true>;
  /** Names by the digest of their bundle. */
  readonly #digests: Table<string>;
  /** Names by the sender ID of an R_I: `ID name`. */
  readonly #senders: Table<true>;
  readonly #items: Table<Item>;
  readonly #outgoing: Table<Outgoing>;

  constructor(store: Store, limits: Limits = LIMITS) {
    this.#store = store;
    this.#limits = limits;
    this.#boxes = store.table("mailboxes");
    this.#owned = store.table("owned");
    this.#digests = store.table("digests");
    this.#senders = store.table("senders");
    this.#items = store.table("items");
    this.#outgoing = store.table("outgoing");
  }

  get(name: string): Mailbox | undefined {
    return isName(name) ? this.#boxes.get(name) : undefined;
  }

  /** The mailbox of this very bundle, if it came before. */
  byDigest(digest: string): string | undefined {
    return this.#digests.get(digest);
  }

  /** The mailboxes with an R_I that gives this sender ID (hexadecimal): one, unless IDs fall together or a third party lied. */
  bySenderId(senderId: string): string[] {
    if (!/^([0-9a-f]{2})+$/.test(senderId)) return [];
    const prefix = `${senderId} `;
    const names = this.#senders
      .entries({ prefix, limit: MAX_LOOKED_AT })
      .map(([key]) => key.slice(prefix.length));
    // A third party that lies can put any sender ID into a mailbox; into one that is good it takes more to get it.
    const isGood = (name: string) => Number(this.#boxes.get(name)?.good ?? false);
    return names.sort((a, b) => isGood(b) - isGood(a)).slice(0, MAX_NAMESAKES);
  }

  /** The mailbox of a sensor's last exchange that is good. */
  newestGood(handle: number): { readonly name: string; readonly mailbox: Mailbox } | undefined {
    const good = this.#ownedBy(handle).filter(([, { good }]) => good);
    const [newest] = good.sort(([, a], [, b]) => b.t - a.t);
    return newest && { name: newest[0], mailbox: newest[1] };
  }

  /** All that are there, by name. */
  all(): [name: string, mailbox: Mailbox][] {
    return this.#boxes.entries();
  }

  /**
   * Opens a mailbox for a bundle, durably, and returns its name. Of those that nobody has judged yet a sensor has so many
   * besides the others: bundles can be anybody's, and none takes the room of one that a third party has found good, or
   * has not seen yet. Undefined when there is no room.
   */
  open(mailbox: Mailbox): string | undefined {
    const name = Buffer.from(randomSource(NAME_LENGTH)).toString("base64url");
    return this.#store.transaction(() => {
      const others = this.#ownedBy(mailbox.handle).filter(([, other]) => isUnjudged(other, mailbox.used));
      const [worst] = others.sort(([, a], [, b]) => b.answered.length - a.answered.length);
      if (others.length >= this.#limits.perSensor) {
        if (worst[1].answered.length === 0) return undefined;
        this.#remove(worst[0]);
      }
      this.#boxes.put(name, mailbox);
      this.#owned.put(`${ownerKey(mailbox.handle)}${name}`, true);
      this.#digests.put(mailbox.digest, name);
      this.#trim(mailbox.handle, mailbox.used);
      return name;
    });
  }

  /** Notes a third party's answer, and puts the R_I that came with it into the mailbox, if it is a new one. */
  answered(name: string, x: number, good: boolean, confirmation: Item | undefined, now: number): boolean {
    return this.#store.transaction(() => {
      const box = this.#boxes.get(name);
      if (box === undefined) return false;
      const answered = [...box.answered, x];
      const vouched = good ? [...(box.vouched ?? []), x] : box.vouched;
      const isGoodNow = isGood(box, vouched) && !this.#isCopy(name, box);
      const next = { ...box, answered, ...(vouched && { vouched }), good: isGoodNow, used: now };
      const isKnown = confirmation && box.confirmations?.includes(toHex(confirmation.payload));
      let isNew = false;
      if (confirmation === undefined || isKnown) this.#boxes.put(name, next);
      else {
        isNew = this.#put(name, next, confirmation);
        if (isNew) this.#noteConfirmation(name, confirmation);
      }
      this.#trim(box.handle, now);
      return isNew;
    });
  }

  /** Whether a mailbox is good once third party x has found its part good too. */
  isGoodWith(name: string, x: number): boolean {
    const box = this.#boxes.get(name);
    return box !== undefined && isGood(box, [...(box.vouched ?? []), x]) && !this.#isCopy(name, box);
  }

  /** The bundle is not needed any more. */
  closeBundle(name: string): void {
    this.#store.transaction(() => {
      const box = this.#boxes.get(name);
      if (box === undefined) return;
      const { bundle: _, ...rest } = box;
      this.#boxes.put(name, rest);
    });
  }

  /** Puts in a message of a kind that is bounded by itself; what waits already is put in once. "full": there is no room. */
  deposit(name: string, item: Item, kind: MessageKind, now: number): "stored" | "known" | "full" {
    return this.#store.transaction(() => {
      const box = this.#boxes.get(name);
      if (box === undefined) return "full";
      if (this.#holds(name, item)) return "known";
      const others = this.#itemsOf(name).filter(([, other]) => kind.includes(other));
      const ofOne = others.filter(([, { from }]) => from === item.from).length;
      if (kind.mostOfOne !== undefined && ofOne >= kind.mostOfOne) return "full";
      const surplus = others.slice(0, Math.max(0, others.length + 1 - kind.most));
      if (surplus.length > 0 && kind.whenFull === "refuse") return "full";
      for (const [key] of surplus) this.#items.delete(key);
      return this.#put(name, { ...box, used: now }, item) ? "stored" : "full";
    });
  }

  /**
   * Moves the messages of a kind into a mailbox from those of the same sensor's exchanges before it whose R_I gave this sender
   * ID: a sensor that waits for R_I of its new exchange collects there, and has the session before. Only into one that is
   * good, for anybody may open another and name a sender ID.
   */
  gather(name: string, senderId: string, kind: MessageKind): void {
    const box = this.#boxes.get(name);
    if (!box?.good) return;
    for (const from of this.bySenderId(senderId)) {
      const other = this.#boxes.get(from);
      if (other?.handle !== box.handle || other.t >= box.t) continue;
      for (const [key, item] of this.#itemsOf(from).filter(([, each]) => kind.includes(each))) {
        this.#store.transaction(() => {
          const target = this.#boxes.get(name);
          const count = this.#itemsOf(name).filter(([, each]) => kind.includes(each)).length;
          if (target !== undefined && count < kind.most && this.#put(name, target, item))
            this.#items.delete(key);
        });
      }
    }
  }

  /**
   * Takes away what the sensor says that it has: everything up to the message of this number, if it is there. Returns how
   * many messages that were.
   */
  collect(name: string, number: number, now: number): number {
    return this.#store.transaction(() => {
      const box = this.#boxes.get(name);
      const items = this.#itemsOf(name);
      const last = items.findIndex(([key]) => numberOf(key) === number);
      if (box === undefined || last < 0) return 0;
      for (const [key] of items.slice(0, last + 1)) this.#items.delete(key);
      this.#boxes.put(name, { ...box, used: now });
      return last + 1;
    });
  }

  /** The message that waits for longest, with its number; undefined when none does. It stays until it is collected. */
  next(name: string): { readonly number: number; readonly item: Item; readonly more: boolean } | undefined {
    const [first, second] = this.#items.entries({ prefix: `${name} `, limit: 2 });
    if (first === undefined) return undefined;
    return { number: numberOf(first[0]), item: first[1], more: second !== undefined };
  }

  /**
   * Keeps what the sensor sends to its Responder, durably; the same again is kept once. "full" when there is no room or
   * no such mailbox. The first of the `dispensable` (keys) makes room where there is none; whether one did, `gone` says.
   */
  keep(
    name: string,
    { oscore, payload }: Omit<Outgoing, "since">,
    now: number,
    dispensable: ReadonlySet<string>,
  ): { readonly outcome: "kept" | "known" | "full"; readonly gone: boolean } {
    return this.#store.transaction(() => {
      const box = this.#boxes.get(name);
      const waiting = this.outgoing(name);
      const outgoing = { oscore, payload, since: now };
      if (waiting.some(([, other]) => sameOutgoing(other, outgoing)))
        return { outcome: "known", gone: false };
      const isLong = oscore.length + payload.length > this.#limits.bytes;
      const isFull = waiting.length >= this.#limits.messages;
      const [least] = isFull ? (waiting.find(([key]) => dispensable.has(key)) ?? []) : [];
      if (box === undefined || isLong || (isFull && least === undefined))
        return { outcome: "full", gone: false };
      if (least !== undefined) this.#outgoing.delete(least);
      const count = box.count + 1;
      this.#outgoing.put(`${name} ${orderedKey(count)}`, outgoing);
      this.#boxes.put(name, { ...box, count, used: now });
      return { outcome: "kept", gone: least !== undefined };
    });
  }

  /** What waits for the Responder, in the order in which it came. */
  outgoing(name: string): [key: string, outgoing: Outgoing][] {
    return this.#outgoing.entries({ prefix: `${name} ` });
  }

  /** Ends the wait of such a message; the Responder's answer goes into the mailbox. False when there was no room for it. */
  forwarded(name: string, key: string, answer: Item | undefined, now: number): boolean {
    return this.#store.transaction(() => {
      this.#outgoing.delete(key);
      const box = this.#boxes.get(name);
      if (box === undefined || answer === undefined) return answer === undefined;
      return this.#put(name, { ...box, used: now }, answer);
    });
  }

  /** Forgets what is too old; returns the mailboxes that went. */
  sweep(now: number): Mailbox[] {
    const gone = this.all().filter(([, { used }]) => used + this.#limits.age <= now);
    if (gone.length === 0) return [];
    this.#store.transaction(() => {
      for (const [name] of gone) this.#remove(name);
    });
    return gone.map(([, box]) => box);
  }

  /** Forgets what no Responder took for too long; returns the mailboxes that it was in. */
  sweepOutgoing(now: number): Mailbox[] {
    const old = this.#outgoing.entries().filter(([, { since }]) => since + this.#limits.age <= now);
    if (old.length === 0) return [];
    this.#store.transaction(() => {
      for (const [key] of old) this.#outgoing.delete(key);
    });
    return old.flatMap(([key]) => this.get(key.slice(0, key.indexOf(" "))) ?? []);
  }

  /**
   * The least useful of those that were judged give way: what is not good first, then the exchanges before the last ones.
   * When something last came counts for nothing: whoever has recorded an old bundle can send it again at any time, and
   * third parties say again what they said.
   */
  #trim(handle: number, now: number): void {
    const judged = this.#ownedBy(handle).filter(([, box]) => !isUnjudged(box, now));
    judged.sort(([, a], [, b]) => Number(b.good) - Number(a.good) || (a.good ? b.t - a.t : b.used - a.used));
    for (const [name] of judged.slice(this.#limits.perSensor)) this.#remove(name);
  }

  /** Whether another with its T is good already: a sensor makes one bundle of each, who alters a part of it several. */
  #isCopy(name: string, { handle, t }: Mailbox): boolean {
    return this.#ownedBy(handle).some(([other, box]) => other !== name && box.good && box.t === t);
  }

  #ownedBy(handle: number): [string, Mailbox][] {
    return this.#owned.entries({ prefix: ownerKey(handle) }).flatMap(([key]) => {
      const name = key.slice(ownerKey(handle).length);
      const box = this.#boxes.get(name);
      return box === undefined ? [] : [[name, box] as [string, Mailbox]];
    });
  }

  /** Within a transaction. */
  #put(name: string, box: Mailbox, item: Item): boolean {
    const fits = item.payload.length <= this.#limits.bytes;
    const room = this.#items.entries({ prefix: `${name} ` }).length < this.#limits.messages;
    if (!fits || !room) {
      this.#boxes.put(name, box);
      return false;
    }
    const count = box.count + 1;
    this.#items.put(`${name} ${orderedKey(count)}`, item);
    this.#boxes.put(name, { ...box, count });
    return true;
  }

  /** Notes an R_I that was put in, and by it whose mailbox this is. Within a transaction. */
  #noteConfirmation(name: string, { payload }: Item): void {
    const box = this.#boxes.get(name) as Mailbox;
    const confirmation = toHex(payload);
    this.#boxes.put(name, { ...box, confirmations: [...(box.confirmations ?? []), confirmation] });
    const senderId = senderIdIn(confirmation);
    if (senderId !== "") this.#senders.put(`${senderId} ${name}`, true);
  }

  /** Within a transaction. */
  #remove(name: string): void {
    const box = this.#boxes.get(name);
    if (box === undefined) return;
    this.#boxes.delete(name);
    this.#owned.delete(`${ownerKey(box.handle)}${name}`);
    this.#digests.delete(box.digest);
    for (const each of box.confirmations ?? []) this.#senders.delete(`${senderIdIn(each)} ${name}`);
    for (const [key] of this.#itemsOf(name)) this.#items.delete(key);
    for (const [key] of this.outgoing(name)) this.#outgoing.delete(key);
  }

  #itemsOf(name: string): [string, Item][] {
    return this.#items.entries({ prefix: `${name} ` });
  }

  #holds(name: string, { payload }: Item): boolean {
    return this.#itemsOf(name).some(([, item]) => toHex(item.payload) === toHex(payload));
  }
}

/** Whether it is good when these third parties have found their part good. */
function isGood({ good, quorum = 1 }: Mailbox, vouched: readonly number[] = []): boolean {
  return good || new Set(vouched).size >= quorum;
}

/** Whether third parties may still find its bundle good. */
function isUnjudged({ good, bundle, deadline }: Mailbox, now: number): boolean {
  return !good && bundle !== undefined && now < deadline;
}

/** Whether a client's word can be a mailbox's name. */
function isName(name: string): boolean {
  return /^[A-Za-z0-9_-]{8}$/.test(name);
}

/** The sender ID in an R_I, in hexadecimal; empty where there is none that OSCORE could use. */
function senderIdIn(confirmation: string): string {
  const senderId = confirmation.slice(0, Math.max(0, confirmation.length - R_I_REST));
  return senderId.length > 2 * MAX_ID_LENGTH ? "" : senderId;
}

function ownerKey(handle: number): string {
  return `${orderedKey(handle)} `;
}

/** The number of a message, out of its key. */
function numberOf(key: string): number {
  const count = Number.parseInt(key.slice(key.lastIndexOf(" ") + 1), 16);
  return ((count - 1) % LAST_NUMBER) + 1;
}

function sameOutgoing(a: Outgoing, b: Outgoing): boolean {
  return toHex(a.oscore) === toHex(b.oscore) && toHex(a.payload) === toHex(b.payload);
}
