import { describe, expect, test } from "vitest";
import { parseJson, readNumber, writeJson } from "@callboard/client";

describe("JSON without changed numbers", () => {
  test.each([
    "9007199254740993", "-9223372036854775808", "18446744073709551615", "[9007199254740992,9007199254740993]",
    '{"a":"9007199254740993","b":[{"c":9007199254740993}],"whole:1":"whole:12345678901234567890","d":0.1}',
    '{"__proto__":9007199254740993,"\\"9007199254740993":{"constructor":1}}', '"\\\\"', '["9007199254740993\\\\",12345678901234567]', "1e+300", "9007199254740991", "1795954333.123456",
  ])("%s is what it was", (text) => {
    expect(writeJson(parseJson(text))).toBe(text);
  });

  test("only what JavaScript would change is a bigint", () => {
    expect(parseJson("[9007199254740991, 9007199254740993, 9007199254740992.0, 12345678901234567890]")).toEqual([9007199254740991, 9007199254740993n, 9007199254740992, 12345678901234567890n]);
  });

  test("a double beyond 2^53 stays one", () => {
    expect(writeJson([1e20, 2 ** 53, 123456789012345680000, 1e300])).toBe("[1e+20,9.007199254740992e+15,1.2345678901234568e+20,1e+300]");
    expect(parseJson(writeJson(1e20))).toBe(1e20);
  });

  test("is written with spaces, and nothing is null", () => {
    expect(writeJson({ a: 9007199254740993n }, 2)).toBe('{\n  "a": 9007199254740993\n}');
    expect(writeJson(undefined)).toBe("null");
  });

  test.each(["9007199254740993 9007199254740993", '{"a":12345678901234567', "[12345678901234567x]", "012345678901234567890"])("%s is not JSON", (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  test("numbers as people write them", () => {
    expect(["4", " 4.5 ", "-0.25", "1e3", "9007199254740993", "+7", ".5", "18446744073709551615"].map(readNumber)).toEqual([4, 4.5, -0.25, 1000, 9007199254740993n, 7, 0.5, 18446744073709551615n]);
    expect(["", "x", "1,5", "0x10", "Infinity", "NaN", "1e", "--1"].map(readNumber)).toEqual(Array(8).fill(null));
    expect(["18446744073709551616", "-9223372036854775809", "1e400", "9007199254740993.5", "9007199254740993e0"].map(readNumber)).toEqual(Array(5).fill("lost"));
    expect(readNumber("3.14159265358979323846")).toBe(Math.PI);
  });
});
