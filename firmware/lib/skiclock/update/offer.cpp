// An offered update.
#include "skiclock/update/offer.h"

#include "skiclock/update/text.h"

namespace skiclock {

const char* read_offer(const UpdateOffer& offer, CheckedOffer* checked) {
  VersionKey key;
  if (offer.session_id.size == 0 || !copy_text(offer.session_id, checked->session_id)) {
    return "the offer names no session";
  }
  if (!parse_version(offer.version, &key) || !copy_text(offer.version, checked->version)) {
    return "the offered version cannot be read";
  }
  if (offer.signature_base64.size == 0) return "the offer is not signed";
  checked->size_bytes = offer.size_bytes;
  checked->signature_bytes =
      decode_base64(offer.signature_base64, checked->signature, sizeof checked->signature);
  const bool has_hash = decode_hex(offer.sha256_hex, checked->sha256, kDigestBytes);
  const bool has_all = has_hash && checked->size_bytes > 0 && checked->signature_bytes > 0;
  return has_all ? nullptr : "size, hash or signature of the offer cannot be read";
}

const char* problem_with_offer(const CheckedOffer& offer, Text running_version,
                               std::uint32_t capacity_bytes, RefusedVersions& refused) {
  const Text version = text_of(offer.version);
  if (!is_newer(version, running_version)) {
    return "the offered version is not newer than the one that runs";
  }
  if (refused.contains(version)) return "this version was tried before and fell back";
  if (offer.size_bytes > capacity_bytes) return "the image does not fit";
  return nullptr;
}

}  // namespace skiclock
