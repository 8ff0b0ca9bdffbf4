// zlib.
#ifndef BIVOUAC_CZLIB_H
#define BIVOUAC_CZLIB_H

#include <zlib.h>

#endif
