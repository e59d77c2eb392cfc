/**
 * What the boards use of Moddable's SDK, for tsc in this repository; mcconfig takes the SDK's own declarations
 * (those on npm, @moddable/typings, lack some of these modules, or declare them otherwise).
 */

declare function trace(...items: unknown[]): void;

interface ArrayBufferConstructor {
  /** The bytes of a text in UTF-8. */
  fromString(text: string): ArrayBuffer;
}

interface StringConstructor {
  /** The text of bytes in UTF-8. */
  fromArrayBuffer(buffer: ArrayBuffer): string;
}

/** The simulator's framebuffer and its line to the simulator. */
declare const screen: import("commodetto/Poco").PixelsOut;

declare module "timer" {
  export default class Timer {
    static set(callback: (timer: Timer) => void, interval?: number, repeat?: number): Timer;
    static repeat(callback: (timer: Timer) => void, interval: number): Timer;
    static clear(timer: Timer | undefined | null): void;
    private constructor();
  }
}

declare module "time" {
  const Time: {
    /** Milliseconds, 32 bits. */
    readonly ticks: number;
    delta(start: number, end?: number): number;
    /** Sets the date, in seconds since 1970. */
    set(seconds: number): void;
  };
  export default Time;
}

declare module "preference" {
  const Preference: {
    set(domain: string, key: string, value: string | boolean | number | ArrayBuffer): void;
    get(domain: string, key: string): string | boolean | number | ArrayBuffer | undefined;
  };
  export default Preference;
}

declare module "mc/config" {
  /** The manifest's config; what mcconfig's command line says is text. */
  const config: Readonly<Record<string, unknown>>;
  export default config;
}

declare module "modules" {
  const Modules: {
    has(name: string): boolean;
    /** The default export of a module that is in the image. */
    importNow(name: string): unknown;
  };
  export default Modules;
}

declare module "embedded:network/interface/wifi" {
  const WiFi: import("../../firmware/link/wifi.js").WifiClass;
  export default WiFi;
}

declare module "sntp" {
  export default class SNTP {
    static readonly time: number;
    static readonly error: number;
    constructor(options: { host: string }, callback: (message: number, value: number | string) => void);
  }
}

declare module "flash" {
  export default class Flash {
    constructor(partition: string);
    readonly blockSize: number;
    readonly byteLength: number;
    erase(sector: number): void;
    read(offset: number, byteLength: number): ArrayBuffer;
    write(offset: number, byteLength: number, buffer: ArrayBuffer | Uint8Array): void;
  }
}

declare module "Resource" {
  export default class Resource {
    static exists(path: string): boolean;
    constructor(path: string);
    slice(begin: number, end?: number): ArrayBuffer;
    readonly byteLength: number;
  }
}

declare module "btutils" {
  export class Bytes extends ArrayBuffer {}
  /** Takes its text as it is, without values in it. */
  export function uuid(strings: TemplateStringsArray): Bytes;
}

declare module "gatt" {
  export interface Characteristic {
    readonly uuid: ArrayBuffer;
  }
}

declare module "bleserver" {
  import type { Bytes } from "btutils";
  import type { Characteristic } from "gatt";

  export default class BLEServer {
    onReady(): void;
    onConnected(device: unknown): void;
    onDisconnected(device: unknown): void;
    onCharacteristicNotifyEnabled(characteristic: Characteristic): void;
    onCharacteristicWritten(characteristic: Characteristic, value: unknown): void;
    startAdvertising(params: { advertisingData: { flags: number; completeUUID128List: Bytes[] } }): void;
    stopAdvertising(): void;
    notifyValue(characteristic: Characteristic, value: Uint8Array): void;
    disconnect(): void;
    close(): void;
  }
}

declare module "embedded:io/serial" {
  const Serial: import("../../firmware/link/slipmux.js").SerialClass;
  export default Serial;
}

declare module "embedded:io/digital" {
  export default class Digital {
    static readonly InputPullUp: number;
    constructor(options: { pin: number; mode: number });
    read(): number;
    close(): void;
  }
}

declare module "embedded:io/socket/udp" {
  const UDP: import("../../firmware/link/udp.js").UdpClass;
  export default UDP;
}

declare module "embedded:io/digital" {
  const Digital: unknown;
  export default Digital;
}

declare module "embedded:io/smbus" {
  const SMBus: import("../../firmware/meter/smbus.js").SMBusClass;
  export default SMBus;
}

declare module "embedded:io/serial" {
  const Serial: unknown;
  export default Serial;
}

declare module "commodetto/Poco" {
  import type { Outline } from "commodetto/outline";

  export interface PixelsOut {
    readonly width: number;
    readonly height: number;
  }
  export interface Font {
    readonly height: number;
  }
  export interface PocoPrototype {
    readonly width: number;
    readonly height: number;
    makeColor(red: number, green: number, blue: number): number;
    begin(x?: number, y?: number, width?: number, height?: number): void;
    end(): void;
    fillRectangle(color: number, x: number, y: number, width: number, height: number): void;
    drawText(text: string, font: Font, color: number, x: number, y: number): void;
    getTextWidth(text: string, font: Font): number;
    blendOutline(color: number, blend: number, outline: Outline, x?: number, y?: number): void;
  }
  const Poco: new (out: PixelsOut, options?: { displayListLength?: number }) => PocoPrototype;
  export default Poco;
}

declare module "commodetto/outline" {
  export interface CanvasPath {
    arc(x: number, y: number, radius: number, start: number, end: number, counterclockwise?: boolean): void;
    moveTo(x: number, y: number): void;
    lineTo(x: number, y: number): void;
    closePath(): void;
  }
  export type Outline = object;
  export const Outline: {
    readonly CanvasPath: new () => CanvasPath;
    fill(path: CanvasPath): Outline;
    stroke(path: CanvasPath, weight?: number): Outline;
  };
}

declare module "commodetto/parseBMF" {
  import type { Font } from "commodetto/Poco";
  export default function parseBMF(resource: unknown): Font;
}
