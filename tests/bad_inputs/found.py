"""What fuzzing found: files that once led to an error nobody had put into words.

`python -m tests.fuzz` finds more; each is packed by zlib and written in base 85.
"""

import base64
import zlib

from tests.bad_inputs.case import bad

FOUND = [
    (
        "UTF-16 cut within a character",
        ".csv",
        "E",
        "c-k{!&|yeo;9^ivPyhf2T>&c",
    ),
    (
        "UTF-16 cut within a line end",
        ".csv",
        "E",
        "c-qrps9?}xs03mihC~J~1_K5?Fy;aPD-{CM",
    ),
    (
        "UTF-16 with half a NUL",
        ".csv",
        "E",
        "c-s5_uY@6!L5HE3p@e~p!GOUqmBEYw07`QN^Z",
    ),
    (
        "integers no float can hold, beside floats",
        ".csv",
        "W",
        "c-k$EOAdfA2t@auWnw@}TaF{qMHlXj=NF0z;qjYcoOs54;av_8XcZ?Taz)LKJ+j*7f(0B<51-qwGuOqP"
        "83Zy1X<=w+lO26hkwPYSG8Ayh-knp)70Gx))L3<s(h8~WA6c#>!~",
    ),
    (
        "units for some columns only",
        ".csv",
        "E",
        "c-niZ!<)oqsAI%stYZQI6~+R)",
    ),
    (
        "an integer of 67 bits in Latin-1",
        ".csv",
        "E",
        "c-niZlf-4HW5i{N1pokLmIjX",
    ),
    (
        "a member without a name",
        ".npz",
        "E",
        "c-jl_W@gc40D%B+MkZZm2%CXHk>T%z>UIWZAQOmL84#d>5kyw#<rP$-YtfmmKc@r80%0~3E#^Q&(u%R^"
        "S+4)!4NQ+9ik|O4J;@n~d3mWh@p*~4saUnYsq{X30O%qR=0MSY=s%PR*2M~T4+{|90n&TGJODz-CJ+",
    ),
    (
        "annotations that are no UTF-8",
        ".edf",
        "W",
        "c-k{ifPe@nq!tJ+Nh~T!Ni0dFlF0^!dO&1hYG9xTMurAPCLnQF7dLHZBF!*?(uPpl7>J7v4Rj5V)D)ZQ"
        "8Y1ffny=uPmzQ6XSdy8aSFAA7Kxr5%4FkHyM&@RE7O1oZFib&Qb5z<KrrrXRhRLJTBMlfr6QL=TZ$Whn"
        "aEP}v#Qkw*|HvxwTb<!PTMnx|vmO)g|0RrS|J9lHFlZZyh%g|58$XUSPy0XjC*z+b4BgD~42K!dvL0ko"
        "X7B#>jY06gwjoe8kVq{{%_|XM003$1t?d",
    ),
    (
        "annotations without a time",
        ".edf",
        "W",
        "c-k{ifPe@nBnosBRuWv2SX7ddSdvPb$vA<5p&k%fm>L-9fsvtskqJoL)x}NQnMgBCptK>BHU{EiLjzp{"
        "BsCzuArc>GzJg<3UVcepNoIatvBF3LrD3Qv4CopgnVacZpwbq=Fa>eVQE79SdJ9Y%CXY^!G+=0eN*fPO"
        "XMSe;!uWv6gv}BFg~gk(",
    ),
    (
        "a digital range of 1e99",
        ".edf",
        "E",
        "c-k{ifPe@nq!tJ+Nh~T!Ni0dFlF0^!dO&1hYG9xTMurAPCLnQF7dLHZBF!*?(uPpl7>J7v4Rj5V)PVSg"
        "NPM9A3XXYs`6Y=ZnfZCe3L_1ahN03hplfVoZl-5}N?QQK6vQ=0rOjdLEih@AykV-PB{)u?d_us|$jI2("
        "+{j?KgtMUmDs7CRV#BYgtcMtX{k;D}`TxEj+6E#b3=B*DTw^U_bN%uEKMSkvuO%!zzv};|{jz3=WUu&t"
        "k)?%=mz9M{^uGmzwjoIMN0v8#+WvO_$z|65vyxrq|BC-Y43U36|Cjy8_h&16{Esa^4S$EQGcao#fmC}j"
        "US&{a*vEd3WfF@b^9#n7zl+(w0{|p<!GQ",
    ),
    (
        "a damaged page",
        ".parquet",
        "E",
        "c-n<jOKTHR6h1dj!WaW4wR4%l0RxiDSlVhWDI!X}d0Lv_BoIaDW*Ub?uxZSrNfpF}ZX|0r78fF2^$)o6"
        "flD`TUAl15ja^F@-g9U203$sl=bZV@z2Eocki_QYB~8(u2QAPP<53dyP`g@pw;U}jfJ8u7dUdyvm@N!u"
        "%z41j!U83I&{V9uphZLtwmVM8O+dlK6L^m_fZB#>Y%nkda}q*P!z0rI)TW0a`ZLJ(6sDTG3g6qs({F+x"
        "x?6uftD>V|O+jNZFy@6@&;lS*RFoT+LIwj{sG?5T*CG9($We$5&alIvQ0eczyZGVw_o}Y$hjWQ;;MYe~"
        "`4>G=MIEZ_N|jd%eXX!BXW5U4sVnE-K3mn53ooA{`^3|UtP!8pTcu=vLFj<6_c3-9HCMnQn>ul(@rXrF"
        "G7Yy)yj6cC^c!IZGwe7fwm`s(aYrp{3i?04mW5aLXQ|Cp`so}PrXJzt@|}Cvz3+{FaOyI~lUj;%UgBP?"
        "bKc{r8qaZF<LR2jQsO`nn>6QZ5*Swz74gns;#-*VJ<Qie^IS%V;A1wOm7ttw`6#eWb$$LK>WU+4qp@U8"
        "XVI$kQkH0StS=)c!R2!OLB8UXmb`gkq@VHhOVjj|*fn;<QM6ae+#l-k{@BHYo@`xA#Z8}o4Vfy^e~sV9"
        "J@SzWsk1))^P`{CvXj4yJIMR@^ZqdH*PEcnn@;O-*X=A+o6QBM)!OdGcidL{;dUc_b!G9&;*zl;e$<mM"
        "m{S03@yGEOn6cwy",
    ),
    (
        "a footer that does not fit",
        ".parquet",
        "E",
        "c-qxhdr(wW7{7OSS(jH{aPMU|5EhjyjDUi#lE?A#6kU|XpmZo_!5zpH5JXl*vVy`<XG$3*#m8W#5|(3H"
        "k;ctT)Devg#StS$6ahhSB2qN!oU^;^$}T&u^-pKcp5M9Och2`X-;Z;K1THa%7SS67uq$Z=O}G*SF?-;&"
        "WS1R5oZE61<9zQ67_T0$!<aIs9%F0MFBq3)HDY`qXu_!7-i+~YzgrmJ|LzV(XH^Hr(%W4a-L<_KD;)bU"
        "`tAJ_Ax*$Q6#j6aXfZAJkVy<0IMc_*5WW_qE-o;70sJXQksTHM%IdOjZw{KJr*B%v3BHA!t3lPKrVJwM"
        "0{H6pzZ$e1SHSCokptcLt^=>W<;m+mZw8y^c8aFC+ydJUzpIMdeH%#YqptV%wE_1%Z}?rLI)L}loQ#jU"
        "JAo9`-aJv%1y<aBeE7kYZcw!6Qsqxq?}HZ>d{L??=>c7;Z#;|d^#Jqq3>uh-u5Cc+nM+4ZkA&Scy?LDz"
        "KtN;xI5Lm|yox^yA6@=sO@Q|j-m7>W-%{?)Pu#aLbYhS%)E5AkbBn<k_5SeI11D?jrm1<e@I+{pOoaBr"
        "uuQ&23P(yyl@L%cB-E<WkP6L0xzX$l!k0{yk!lkoq+Mkt+(*%rk`@eYM{W3KnZ%$m&KSzqf)tw<!XLCv"
        "QiK^7js`!*)SFp5h_Pmoz#d_Aw;jg14fYrpN}Vy@I7neshe$EDUv|TomFkYM{|`@$>o<<WC>qOR+;r3r"
        "qia+E#*Z7P*juK$UIS<P*f7=2q|ZckZF$A`>L)$mSYYOU@>CDlDM6&|0o7Z?z092Z01gRHWZmHWsIXm0"
        "d+&iNkHt$ve(L~YS48H!K$QGKz_HzTKp*<cU|YeR`f*K<3R^(guiHK-Ufcv$hB-9u&%O%s1jzDbaK7y1"
        "_76w@080DCOUjf7EKuDLkxXJ(gVHmXJ`>e%RITMNg?K_b+lRF;n*{oItOs>(zXrM{?+P!kI8$@_<utzQ"
        "`!&3O!;5@K_WZCdI|2dxn+K1AlEK-*t>NZWM_QQ(*+o=0e*I6Wt~)GBM|H(p(=hc84$j0FxHSah2_Jwl"
        "v^oOg8D$K{xh-)Rf6k59Q<b3^e-yKUs(KBa>1|`Gnn{Q9rbwZ%q;_C<WP3yX8+NuG;b)DXyY9WoKk^fU"
        "B#?;pd`VwZ<2$+6_(XIMs&4YZ`2pTueJy-^ku$tfTlr5NVtn!hZM=D828%L@VGWARTxub*+4O8fT(h=b"
        "tZA5};aksX`9X~vx;4Yxz7B#He<A3(un?H}6(NmGgw`Ya7{4s|8HqWrw5!pg8FMI-6pl=sr}hpb2HGvG"
        "Bqfj+^5xSBnK(BsL$g9nJ3xVtKqku1&}8~Zm785X{B`CWpp?`Sv;^TAf_8#vm%B>6O5;N)J<tlYkIW>P"
        "1bL`Dg(W<o<>`c&lIx7o1fyVTgs`)R1gyliS6uFo&W0ACtSAVfequRGD4<v5$3gFh)S5VHvtw(8wmqiS"
        "y+{mR)?hDt1hBK8NZ6uL*55?yR-N=#bw`OU7czzH6??YA-n8CkRv3lc)Q;h-N&P{Su(Ndz>^=wEt_+LO"
        "QWV;9&5=>C5(tF#@(wz)&5pJ`UC&Y9Q!Z@zXxm<p=cw<%81{y%^@rfO>U)T0A4>mqeJdEYpZ;&_+w3@U"
        "fhp#=0Cu)P#vXUG?ZUTwNEA-a>FEL+yp*`J?Q+{LZ);wL6_{e`N!Zzk9&EXX^{d*tRkH$9OaW8CmV2^Y"
        "W33mMlAGFjs=yR;iiDjl^<vvSEf-i~OMxZmnqzt;3<WC(k$?y5#3d#!cy*TU-j`JgC!@ADJ%Zyn6{l<S"
        "I4+-yNatcWE}e@^$Fc~xARbL3IW7(hj0js2{6(RGTY-kyd^El^q>qV$PS9s`WHc6HeKa@J&@>`XZ$BRS"
        "g-haw)Yx)lGzt~Rl8B{gM*q0QVByrnjHR(jdZQ|xUOD7HO6Ol?$^UdT%UlhYqVQBviwyoatuYD{e|V}v"
        "Lwu^<ejKutgyT===Ad)rhJwI;=2^}k#S<}A9h;2KAXdLWR<DfIV;CV*WUF&l=4n<1q-AFZsB?0%@)fH!"
        "Ik|6UWh#Pa1WpMIlBd8&*|Za#qX;4a{(t`uiphL+",
    ),
    (
        "a cut row group",
        ".parquet",
        "E",
        "c-pO2eM}rh6rVlruFFB~LT}f*aKaMH6cVU~LSqbeTn@M*hvkUWXwc@s3#jEoKCcx?W5Cpie;A3WdeR21"
        "X_0CZ(O9hz|FER7Mnr0x(hyTB77CU|QX8u1o4LJ@dIt^Y<n8=s-<$V-Z{~MdC{{|+MXk6`17;Ux5yc{e"
        "9$NUCe@BPV&}-i?d?fKS!?XQo7?y1xW;ikSBg1EF&oR8N8Dr>vbDZJdDVG?&{M9cE*E*&cc3qxf80Vg2"
        "*b_C+Fy-JM6h#D$$f+<1qF&TnOuR1wE44QXC5Q3G#6b5Ncw|ni6EYrcKJdlG#gOBv!yUCDxvldA>3emo"
        "3e}z_pZ)&VsC#OJJh^CHn7w+QB+T#L`Qk_8r1RlvZD!0R^2X7Z90l)QCdT31^K<i)B(D3Zly8M8l6btn"
        ">h;-aVkD<7e%d}ms(-z8^!mswY4857_xrQIk-K($+~wMTjm$VckMFp8jf5W07lDI#$3A+zQ16n*<G_NC"
        "S2(?aq*+_Zv4t{{(DC86b)HWK(h_$KCUm?o__HT*aO0s@vNxtDL%fy53_U^CJKx(jarnytU8Zv|q&+R&"
        "Wzy1IXe;P#sdkK_(GEbH;UMayQ#q6cf1vDEl+2ZzIA>51PS@KDd4ed|MU6k5j(;bccwdC2N5BKQoIp2f"
        "&AYRZN#9UW<*Igy25=;4Oxl(zS51=9-Wh92^;R^1mvbYLr?>}+(SW*!MrWfd3E3@l2hHPZkW_5WHkV;!"
        "fy!A(FPOc>L?p@5Km-^*qQU&iex&A9dOxCu_A3Bnr|8WX$-qi^3@Q)j4kDS<;ZqSS`>ia`!uweEFqUo&"
        "7=E9}?Q52oeEF);YE|!5vdV2z8y<<oJ(0nhhg6Ydb8sEsU32P1b71(40Ut61i62-=LUI`IQr!vyP5CKG"
        "k}(f}mX~*NEgp}e`o48;bEH?v;~BU7`i6K{r|-!a>{$maZcop>C;p^LcHPkLI$%FcC`+h!b^0!>#}{Hj"
        "U-<HYq8Ix1GJOMYtJU|2h;JJIv%WnNz9Ig<`i@5}EwCW<YrycR3HRSk1^%I-NR?84E;G_6aEN!wOA^8f"
        ">|@y<hp(7{<zRN|=-ZRW22K12hWw-^%_Nl|jQ5T#w+Spr!yFjCX~7-~2prc<C7l>@Gl2tdcdQyBupqTc"
        "t=JQfXYN^EV8I+*=Qe=_=_Ch+yAtq~`0xVrD-oEdpE+rcmjqA_5W&SpD<vg69(%z1-8c0`+(*aW${a;e"
        "9Ex`oDoTrzQ>o-DN~L10WWF5OP(&A2MJZs80KzDRCzno2HJxlNbiUso&(8%C`kH6WV@?*&Q~ZN2bDGrp"
        "MU)q|6!^oevNeyk%6chb-iiP}8~Mz+rKIX<Td7*q;f>q<{JCC!M>zg0x~gf0t+YKy?&Cf_#U1D(h>tB@"
        "bSf%W>le^UrL6x-Wjnn`#oq+uDGYyp+E30Fr)?*_1Dl#}Q-f9&A4Dd(&RPF_ldCbUqOLB@Szlk<A~(D0"
        "8=k4Hku$b#+Po><Tn2xXgAGluL8uu1ef<Y^{y&2",
    ),
]
CASES = [
    bad(f"found{suffix}", f"fuzz {number}", name, zlib.decompress(base64.b85decode(text)), expected)
    for number, (name, suffix, expected, text) in enumerate(FOUND, start=1)
]
