/**
 * The script of every code point in Unicode 9.0.0, made by test/goldens/tokenizers/make-script-table.mjs
 * from the Unicode Character Database's Scripts.txt: runs as `gap,length,script` in base 36.
 */

/** Script names by number; 0 is what all other code points have. */
export const SCRIPT_NAMES =
  'Common Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic Manichaean Marchen Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean New_Tai_Lue Newa Nko Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sora_Sompeng Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Ugaritic Vai Warang_Citi Yi'.split(
    ' ',
  );

export const SCRIPT_RUNS =
  '1t,q,1p 6,q,1p 1b,,1p f,,1p 5,n,1p 1,v,1p 1,ch,1p 13,5,1p 5,2,d k,34,1c 0,4,12 1,3,12 ' +
  '2,4,12 1,,12 4,,12 1,,12 1,3,12 1,,12 1,k,12 1,1r,12 0,e,o 0,g,12 0,3p,r 0,2,1c 0,4p,r ' +
  '1,12,5 2,7,5 1,13,5 2,,5 2,3,5 1,1j,19 8,r,19 5,5,19 b,5,4 1,6,4 1,e,4 3,,4 1,w,4 1,a,4 ' +
  '0,b,1c 0,q,4 0,,1c 0,30,4 1,y,4 0,e,3a 1,1o,3a 2,3,3a 0,1c,4 0,1e,3k e,1n,2f 5,1a,30 ' +
  '2,f,30 1,s,1z 2,,1z 1t,l,4 1,8,4 m,e,4 1,t,4 0,29,t 0,2,1c 0,h,t 2,q,t 0,4,b 1,8,b 2,2,b ' +
  '2,m,b 1,7,b 1,,b 3,4,b 2,9,b 2,2,b 2,4,b 8,,b 4,2,b 1,5,b 2,m,b 5,3,14 1,6,14 4,2,14 ' +
  '2,m,14 1,7,14 1,2,14 1,2,14 1,2,14 2,,14 1,5,14 4,2,14 2,3,14 3,,14 7,4,14 1,,14 7,g,14 ' +
  'b,3,13 1,9,13 1,3,13 1,m,13 1,7,13 1,2,13 1,5,13 2,a,13 1,3,13 1,3,13 2,,13 f,4,13 2,c,13 ' +
  '7,,13 7,3,2p 1,8,2p 2,2,2p 2,m,2p 1,7,2p 1,2,2p 1,5,2p 2,9,2p 2,2,2p 2,3,2p 8,2,2p 4,2,2p ' +
  '1,5,2p 2,i,2p a,2,3h 1,6,3h 3,3,3h 1,4,3h 3,2,3h 1,,3h 1,2,3h 3,2,3h 3,3,3h 3,c,3h 4,5,3h ' +
  '3,3,3h 1,4,3h 2,,3h 6,,3h e,l,3h 5,4,3j 1,8,3j 1,3,3j 1,n,3j 1,g,3j 3,8,3j 1,3,3j 1,4,3j ' +
  '7,2,3j 1,3,3j 5,4,3j 2,a,3j 8,8,3j 0,4,1h 1,8,1h 1,3,1h 1,n,1h 1,a,1h 1,5,1h 2,9,1h 1,3,1h ' +
  '1,4,1h 7,2,1h 7,,1h 1,4,1h 2,a,1h 1,2,1h e,3,1y 1,8,1y 1,3,1y 1,15,1y 2,8,1y 1,3,1y 1,6,1y ' +
  '4,g,1y 2,q,1y 2,2,36 1,i,36 3,o,36 1,9,36 1,,36 2,7,36 3,,36 4,6,36 1,,36 1,8,36 6,a,36 ' +
  '2,3,36 c,1m,3l 5,s,3l 11,2,1o 1,,1o 2,2,1o 1,,1o 2,,1o 6,4,1o 1,7,1o 1,3,1o 1,,1o 1,,1o ' +
  '2,2,1o 1,d,1o 1,3,1o 2,5,1o 1,,1o 1,6,1o 2,a,1o 2,4,1o w,20,3m 1,10,3m 4,13,3m 1,10,3m ' +
  '1,f,3m 1,7,3m 4,2,3m 11,4g,2b 0,12,y 1,,y 5,,y 2,17,y 1,4,y 0,74,16 0,21,x 1,4,x 2,7,x ' +
  '1,,x 1,4,x 2,15,x 1,4,x 2,x,x 1,4,x 2,7,x 1,,x 1,4,x 2,f,x 1,1l,x 1,4,x 2,1v,x 2,w,x 3,q,x ' +
  '6,2e,n 2,6,n 2,hs,i 0,t,2g 3,23,2z 3,b,2z 7,d,3b 1,7,3b b,l,17 b,k,h c,d,3c 1,3,3c 1,2,3c ' +
  'c,2m,1l 2,a,1l 6,a,1l 6,2,28 2,,28 1,9,28 1,a,28 6,2g,28 8,17,28 5,1y,i a,v,1r 1,c,1r ' +
  '4,c,1r 4,,1r 3,c,1r 0,u,3d 2,5,3d b,18,2d 4,q,2d 6,b,2d 3,2,2d 0,w,1l 0,s,g 2,2,g 0,1r,3e ' +
  '1,t,3e 2,b,3e 6,a,3e 6,e,3e 2,f,1c 1t,24,7 4,19,7 3,1s,38 0,1g,a 8,4,a 0,1k,1q 3,f,1q ' +
  '3,3,1q 0,1c,2h 0,9,r 1j,8,38 8,3,1c 1,d,1c 1,7,1c 4,,1c 6,,1c 3,2,1c 6,12,1p 0,5,12 0,,r ' +
  '0,1d,1p 0,5,12 0,4,1p 0,5,12 0,d,1p 0,,r 0,1y,1p 0,,12 0,1i,1c 5,5,1c 0,74,1p 0,m,12 ' +
  '2,6,12 2,12,12 2,6,12 2,8,12 1,,12 1,,12 1,,12 1,v,12 2,1h,12 1,f,12 1,e,12 2,6,12 1,j,12 ' +
  '2,3,12 1,9,12 d,2,1c 2r,,1p d,,1p g,d,1p 1f,x,1c 1h,,12 3,2,1p 6,,1p r,,1p h,15,1p ' +
  '19z,74,f lc,1b,z 1,1b,z 1,w,1p 0,38,o 5,7,o 0,12,y 1,,y 5,,y 2,1k,3n 7,2,3n e,,3n 0,n,x ' +
  '9,7,x 1,7,x 1,7,x 1,7,x 1,7,x 1,7,x 1,7,x 1,7,x 1,w,r 3k,q,15 1,2h,15 c,5y,15 1b,,15 1,,15 ' +
  'p,9,15 0,4,1c 0,2,16 8,4,15 5,2e,1a 2,2,1c 2,3,1a 1,2i,1i 2,3,1i 5,15,d 3,2m,16 h,r,d ' +
  '1h,g,1i 0,v,16 1t,v,16 29,1b,1i 1,2g,1i 4o,52u,15 22,g5y,15 16,wd,3s 3,1j,3s 9,1c,1u ' +
  '0,8c,3q k,2o,r 0,2g,8 16,2u,1p 3,10,1p 1,8,1p 1r,9,1p 0,18,39 k,1k,2v 8,1y,31 8,c,31 6,u,t ' +
  '2,1a,1j 1,,1j 0,10,2y b,,2y 0,t,16 3,26,1f 2,a,1f 4,2,1f 0,v,2b 1,1j,m 9,e,m 2,a,m 2,4,m ' +
  '0,w,2b 0,1v,3f o,5,3f 0,n,22 a,6,x 2,6,x 2,6,x 9,7,x 1,7,x 1,17,1p 1,9,1p 0,,12 a,28,n ' +
  '0,1a,22 2,a,22 6,8mc,16 c,n,16 4,1d,16 6is,a6,15 2,2y,15 12,7,1p c,5,5 5,q,19 1,5,19 1,,19 ' +
  '1,2,19 1,2,19 1,a,19 0,36,4 h,a3,4 i,1s,4 2,1i,4 14,e,4 2,g,1c g,e,1c 0,2,r 1s,5,4 1,3r,4 ' +
  '10,q,1p 6,q,1p b,a,1i 1,19,1i 2,v,16 3,6,16 2,6,16 2,6,16 2,3,16 z,c,1t 1,q,1t 1,j,1t ' +
  '1,2,1t 1,f,1t 2,e,1t y,3f,1t 1x,27,12 h,,12 2k,,1c 3m,t,1v 3,1d,j f,,1c v,10,2j c,r,10 ' +
  '5,17,2l 5,u,3p 1,,3p 0,10,2m 4,e,2m 16,28,s 0,1c,33 0,u,2r 2,a,2r 6,10,2q 4,10,2q 4,14,w ' +
  '8,1g,k b,,k 40,8n,1s 9,m,1s a,8,1s 48,6,q 2,,q 1,18,q 1,2,q 3,,q 2,,q 0,m,1b 1,9,1b 0,w,2t ' +
  '0,v,2c 8,9,2c 1c,j,18 1,2,18 5,5,18 0,s,2w 3,,2w 0,q,1w 5,,1w 1s,w,25 0,o,24 4,k,24 ' +
  '2,1a,24 0,4,1k 1,2,1k 5,8,1k 1,3,1k 1,r,1k 4,3,1k 4,9,1k 8,9,1k 7,w,2n 0,w,2k w,13,20 ' +
  '4,c,20 9,1i,6 3,7,6 0,m,1e 2,8,1e 0,j,1d 5,8,1d 0,i,2x 7,4,2x c,7,2x 28,21,2o 1j,1f,2i ' +
  'd,1f,2i 7,6,2i 9s,v,4 ap,26,e 4,u,e f,,e 0,1u,1g e,p,37 7,a,37 6,1h,l 1,e,l c,13,1x ' +
  '9,26,32 2,g,32 1,k,36 b,i,1m 1,18,1m 1t,7,2a 1,,2a 1,4,2a 1,f,2a 1,b,2a 6,1n,1n 5,a,1n ' +
  '6,4,11 1,8,11 2,2,11 2,m,11 1,7,11 1,2,11 1,5,11 2,9,11 2,2,11 2,3,11 2,,11 6,,11 5,7,11 ' +
  '2,7,11 3,5,11 3v,2i,2e 1,,2e 1,,2e y,20,3o 8,a,3o 4m,1i,34 2,12,34 y,1x,27 b,a,27 6,d,28 ' +
  'j,1k,3g 8,a,3g 1i,q,2 3,f,2 4,g,2 9s,2b,3r c,,3r cg,1l,2u 7b,9,c 1,19,c 1,e,c a,t,c 3,w,21 ' +
  '2,m,21 1,e,21 nd,pm,p 2u,33,p 1,5,p b,5g,p 24c,tr,v 34h,g7,3 6nt,ft,8 7,v,29 1,a,29 4,2,29 ' +
  '2o,u,9 2,6,9 a,1y,2s a,a,2s 1,7,2s 1,l,2s 5,j,2s og,1x,26 b,1b,26 g,h,26 1s,,3i v,4q5,3i ' +
  'j,kz,3i 7bh,,1i 0,,1a 2da,2z,u 5,d,u 3,9,u 7,a,u 2,4,u 43r,3,1c h,8,1c 2,7,1c u,4,1c ' +
  '2a,1y,12 14q,i4,35 f,5,35 1,f,35 11s,7,z 1,h,z 2,7,z 1,2,z 1,5,z 1jp,5h,23 2,g,23 15,23,1 ' +
  '5,a,1 4,2,1 ww,4,4 1,r,4 1,2,4 1,,4 2,,4 1,a,4 1,4,4 1,,4 1,,4 6,,4 4,,4 1,,4 1,,4 1,3,4 ' +
  '1,2,4 1,,4 2,,4 1,,4 1,,4 1,,4 1,,4 1,2,4 1,,4 2,4,4 1,7,4 1,4,4 1,4,4 1,,4 1,a,4 1,h,4 ' +
  '5,3,4 1,5,4 1,h,4 1g,2,4 lq,,1a 2rj,wyf,15 15,379,15 b,66,15 2,4g2,15 866,f2,15 fhlu,6o,1c';
