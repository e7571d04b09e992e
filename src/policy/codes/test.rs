//! Problems of policy tests.

use crate::policy::diagnostic::Code;

/// Every kind, in order of id.
pub static CODES: &[&Code] = &[&UNKNOWN, &BAD_TIME, &BACKWARDS, &NOBODY, &EXPECTS_NOTHING];

/// The policies have no such thing.
pub static UNKNOWN: Code = Code {
    id: "E701",
    title: "the policies have no such thing",
    explanation: "A test names values, fields, events, actions and guards of the policies it stands beside; this one \
                  is not among them, or is disabled.",
    example: "[segment.known]\nwhen = 'is_known(id)'\n\
              # file: known.test.toml\n[[test]]\nname = \"everybody is known\"\ncustomer = [{ id = \"a\" }]\n\
              [[test.step]]\nat = \"2027-01-01T09:00:00Z\"\n\
              expect = [{ customer = \"a\", values = { knwon = true } }]\n",
};

/// This is no time.
pub static BAD_TIME: Code = Code {
    id: "E702",
    title: "this is no time",
    explanation: "Tests run in set time; each instant is written with its offset.",
    example: "[segment.known]\nwhen = 'is_known(id)'\n\
              # file: known.test.toml\n[[test]]\nname = \"everybody is known\"\ncustomer = [{ id = \"a\" }]\n\
              [[test.step]]\nat = \"2027-01-01 09:00\"\n\
              expect = [{ customer = \"a\", values = { known = true } }]\n",
};

/// A step before the one above it.
pub static BACKWARDS: Code = Code {
    id: "E703",
    title: "a step before the one above it",
    explanation: "Time only moves forward.",
    example: "[segment.known]\nwhen = 'is_known(id)'\n\
              # file: known.test.toml\n[[test]]\nname = \"everybody is known\"\ncustomer = [{ id = \"a\" }]\n\
              [[test.step]]\nat = \"2027-01-02T09:00:00Z\"\n[[test.step]]\nat = \"2027-01-01T09:00:00Z\"\n\
              expect = [{ customer = \"a\", values = { known = true } }]\n",
};

/// Nobody of this id is known.
pub static NOBODY: Code = Code {
    id: "E704",
    title: "nobody of this id is known",
    explanation: "What is expected is expected of a customer that the test, up to this step, has a row or an event of.",
    example: "[segment.known]\nwhen = 'is_known(id)'\n\
              # file: known.test.toml\n[[test]]\nname = \"everybody is known\"\ncustomer = [{ id = \"acme\" }]\n\
              [[test.step]]\nat = \"2027-01-01T09:00:00Z\"\n\
              expect = [{ customer = \"amce\", values = { known = true } }]\n",
};

/// A test that expects nothing.
pub static EXPECTS_NOTHING: Code = Code {
    id: "W701",
    title: "a test that expects nothing",
    explanation: "It can't fail, so it proves nothing.",
    example: "[segment.known]\nwhen = 'is_known(id)'\n\
              # file: known.test.toml\n[[test]]\nname = \"everybody is known\"\ncustomer = [{ id = \"a\" }]\n\
              [[test.step]]\nat = \"2027-01-01T09:00:00Z\"\n",
};
