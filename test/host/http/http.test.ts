/** OSCORE over HTTP: how options and codes are written, what the server takes, and what the client makes of answers. */

import assert from "node:assert/strict";
import { createServer, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { CoapError } from "../../../host/coap/client.js";
import { checkHttpUrl, isHttpUrl, oscorePost } from "../../../host/http/client.js";
import type { HttpListener } from "../../../host/http/listen.js";
import { fromHttp, oscoreHeader, readOscoreHeader, toHttp } from "../../../host/http/mapping.js";
import { startOscoreServer } from "../../../host/http/server.js";
import { fromHex } from "../../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { encodeUint } from "../../../protocol/coap/options.js";
import type { CoapContent } from "../../../protocol/oscore/message.js";

const nothing: Uint8Array = new Uint8Array(0);
const option = fromHex("0900f0f1f2f3");
const ciphertext = fromHex("fe804f65b6425c7611900def6943535a");

describe("OSCORE as HTTP", () => {
  it("writes the option as RFC 8613 §11.5 does, and AA for one without a value", () => {
    assert.equal(oscoreHeader(fromHex("0925")), "CSU");
    assert.deepEqual(readOscoreHeader("CSU"), fromHex("0925"));
    assert.equal(oscoreHeader(nothing), "AA");
    assert.deepEqual(readOscoreHeader("AA"), nothing);
    for (const text of ["", "CSU=", "CS U", "CSV", "C", "CSU, CSU", "é", "A".repeat(400)]) {
      assert.equal(readOscoreHeader(text), undefined, text);
    }
  });

  it("reads what it writes, whatever the option", () => {
    // An option of one zero byte is written as no bytes are (RFC 8613 §2).
    const options = fc.uint8Array({ maxLength: 255 }).filter((it) => it.length !== 1 || it[0] !== 0);
    fc.assert(
      fc.property(options, (value) => {
        assert.deepEqual(readOscoreHeader(oscoreHeader(value)), Uint8Array.from(value));
      }),
    );
  });

  it("gives protected answers as 200 and the others as RFC 8075 §7 says, and back", () => {
    const oscore = [{ number: OptionNumbers.oscore, value: fromHex("0100") }];
    const answer = { code: Codes.changed, options: oscore, payload: ciphertext };
    const { status, headers, body } = toHttp(answer);
    assert.deepEqual([status, headers["Content-Type"]], [200, "application/oscore"]);
    assert.deepEqual(fromHttp(200, { oscore: headers.OSCORE }, body), answer);

    const bare = (code: number, payload = nothing): CoapContent => ({ code, options: [], payload });
    assert.equal(toHttp(bare(Codes.changed)).status, 204);
    assert.equal(toHttp(bare(Codes.unauthorized)).status, 403);
    assert.equal(toHttp(bare(Codes.badOption, ciphertext)).status, 400);
    const maxAge = [{ number: OptionNumbers.maxAge, value: encodeUint(5) }];
    const busy = toHttp({ ...bare(Codes.serviceUnavailable), options: maxAge });
    assert.deepEqual([busy.status, busy.headers["Retry-After"]], [503, "5"]);
    assert.deepEqual(fromHttp(503, { retryAfter: "5" }, nothing), {
      ...bare(Codes.serviceUnavailable),
      options: maxAge,
    });
    assert.equal(fromHttp(204, {}, nothing).code, Codes.changed);
    // Neither a page that says 200 nor a redirection is the Responder's.
    for (const status of [200, 301, 401, 502, 999]) {
      assert.equal(fromHttp(status, {}, ciphertext).code, Codes.badGateway);
    }
  });

  it("has URLs without passwords", () => {
    for (const url of ["http://127.0.0.1:8080/", "https://hospital.example/oscore", "HTTP://[::1]:80/a?b"]) {
      assert.ok(isHttpUrl(url));
      checkHttpUrl(url);
    }
    for (const url of [
      "http://",
      "http://a:99999/",
      "http://u:p@hospital.example/",
      "ftp://a/",
      "http://a/#b",
    ]) {
      assert.throws(() => checkHttpUrl(url), SyntaxError, url);
    }
    assert.throws(
      () => checkHttpUrl("http://u:geheim@a/"),
      (error: Error) => !error.message.includes("geheim"),
    );
    assert.equal(isHttpUrl("127.0.0.1:5683"), false);
  });
});

describe("an OSCORE server over HTTP", () => {
  let listener: HttpListener;
  let received: CoapContent[] = [];
  const errors: unknown[] = [];
  let answer: () => CoapContent;
  const listen = { host: "127.0.0.1", port: 0 };

  before(async () => {
    listener = await startOscoreServer({
      listen,
      onProtected(peer, message) {
        assert.match(peer, /^127\.0\.0\.1:\d+$/);
        received.push(message);
        return answer();
      },
      onError: (error) => errors.push(error),
    });
  });
  beforeEach(() => {
    received = [];
    answer = () => ({ code: Codes.changed, options: [], payload: nothing });
  });
  after(() => listener.close());

  const url = () => `http://${listener.address}/any/path?and=query`;
  const post = (payload = ciphertext) => oscorePost({ url: url(), oscore: option, payload, timeout: 10_000 });

  /** The status of a request made by hand. */
  const ask = (method: string, headers: Record<string, string>, body: Uint8Array = nothing) =>
    new Promise<number>((resolve, reject) => {
      request(url(), { method, headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode as number);
      })
        .on("error", reject)
        .end(body);
    });

  it("hands on the very bytes, and gives back those of the answer", async () => {
    const oscore = { number: OptionNumbers.oscore, value: fromHex("0107") };
    answer = () => ({ code: Codes.changed, options: [oscore], payload: ciphertext.slice(3) });
    assert.deepEqual(await post(), answer());
    const request = { number: OptionNumbers.oscore, value: option };
    assert.deepEqual(received, [{ code: Codes.POST, options: [request], payload: ciphertext }]);
    // Empty options have a header too.
    answer = () => ({ code: Codes.changed, options: [{ ...oscore, value: nothing }], payload: ciphertext });
    assert.deepEqual(await post(), answer());
  });

  it("refuses what is no OSCORE message, and what is too long, before it is handed on", async () => {
    const good = { OSCORE: "CSU", "Content-Type": "application/oscore" };
    assert.equal(await ask("POST", good, ciphertext), 204);
    received = [];
    assert.equal(await ask("GET", {}), 405);
    assert.equal(await ask("POST", { ...good, "Content-Type": "text/plain" }, ciphertext), 415);
    assert.equal(await ask("POST", { "Content-Type": "application/oscore" }, ciphertext), 400);
    assert.equal(await ask("POST", { ...good, OSCORE: "not base64url!" }, ciphertext), 400);
    assert.equal(await ask("POST", good, new Uint8Array(1153)), 413);
    assert.deepEqual(received, []);
    assert.deepEqual(errors, []);
  });

  it("tells a client nothing of a fault, and goes on", async () => {
    answer = () => {
      throw new Error("what nobody is to know");
    };
    assert.equal((await post()).code, Codes.internalServerError);
    assert.equal(errors.splice(0).length, 1);
    answer = () => ({ code: Codes.changed, options: [], payload: nothing });
    assert.equal((await post()).code, Codes.changed);
  });

  /** Asks a server that answers so. */
  async function asked(respond: (response: ServerResponse) => void, timeout: number) {
    const server = createServer((_request, response) => respond(response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      return await oscorePost({
        url: `http://127.0.0.1:${port}/`,
        oscore: option,
        payload: ciphertext,
        timeout,
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it("is away for its client when it is silent, endless or gone", async () => {
    const fails = (reason: string) => (error: unknown) =>
      error instanceof CoapError && error.reason === reason;
    await assert.rejects(
      asked(() => undefined, 50),
      fails("deadline"),
    );
    const endless = (response: ServerResponse) => {
      response.writeHead(200, { OSCORE: "AA" });
      response.write(new Uint8Array(5_000));
    };
    await assert.rejects(asked(endless, 10_000), fails("unreachable"));
    const page = (response: ServerResponse) => {
      response.writeHead(404);
      response.write(new Uint8Array(5_000));
    };
    assert.equal((await asked(page, 10_000)).code, Codes.notFound);
    const gone = await startOscoreServer({ listen, onProtected: () => answer(), onError: () => undefined });
    await gone.close();
    const post = oscorePost({
      url: `http://${gone.address}`,
      oscore: option,
      payload: ciphertext,
      timeout: 10_000,
    });
    await assert.rejects(post, fails("refused"));
  });
});
