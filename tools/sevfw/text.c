// SPDX-License-Identifier: GPL-2.0
/*
 * Text that comes from outside: names of processes, certificates, logs. Any bytes may be
 * in there; only well-formed UTF-8 is taken for characters.
 */
#include <stdio.h>

#include "tool.h"

size_t text_char(const char *text)
{
	/* a first byte, how long the character is, and what the second byte may be */
	static const struct {
		unsigned char first, last, len, least, most;
	} forms[] = {
		{ 0x01, 0x7f, 1, 0x00, 0x00 }, { 0xc2, 0xdf, 2, 0x80, 0xbf },
		{ 0xe0, 0xe0, 3, 0xa0, 0xbf }, { 0xe1, 0xec, 3, 0x80, 0xbf },
		{ 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
		{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf },
		{ 0xf4, 0xf4, 4, 0x80, 0x8f },
	};
	const unsigned char *byte = (const unsigned char *)text;
	size_t i = 0, n;

	while (i < ARRAY_SIZE(forms) && (*byte < forms[i].first || *byte > forms[i].last))
		i++;
	if (i == ARRAY_SIZE(forms))
		return 0;
	if (forms[i].len > 1 && (byte[1] < forms[i].least || byte[1] > forms[i].most))
		return 0;
	for (n = 2; n < forms[i].len; n++)
		if (byte[n] < 0x80 || byte[n] > 0xbf)
			return 0;
	return forms[i].len;
}

/*
 * Does the character of @len bytes command a terminal? Bytes that are no character may: C1
 * controls are 0x80 to 0x9f, and in UTF-8 the same with 0xc2 in front.
 */
static bool is_control(const char *text, size_t len)
{
	const unsigned char first = text[0], second = text[1];

	if (len == 2)
		return first == 0xc2 && second < 0xa0;
	return !len || (first < ' ' && first != '\n' && first != '\t') || first == 0x7f;
}

void print_harmless(const char *text, int width)
{
	while (*text) {
		const size_t len = text_char(text);
		const bool control = is_control(text, len);

		for (size_t n = 0; n < (len ?: 1); n++, text++, width--)
			putchar(control ? '?' : *text);
	}
	if (width > 0)
		printf("%*s", width, "");
}
